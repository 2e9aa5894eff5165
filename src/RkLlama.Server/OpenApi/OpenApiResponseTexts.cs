using Microsoft.OpenApi;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>What a status means, and the headers that come with it.</summary>
internal static class OpenApiResponseTexts
{
    internal static string Describe(int status, Operation operation) => status switch
    {
        200 when operation.Part is not null => "The answer: in one piece, or as a stream where the request asks for one.",
        200 => "The answer.",
        400 => "The request cannot be served as it is; the message says what to change.",
        401 => "The API key is missing or wrong.",
        403 => "A web page asked that the operator has not listed.",
        404 => operation.NotFound,
        408 => "The body took too long to arrive.",
        413 => "The body is too large.",
        415 => "The body is compressed.",
        422 => "The model did not answer in the form, or with the function call, that the request insists on.",
        499 => "A retry has taken the place of this request.",
        500 => "The runtime failed, or the server did; the message says what is known.",
        501 => "Not implemented.",
        503 when operation.IsProbe => "Requests should go elsewhere for now, for the reason given.",
        503 when operation.IsRun => "The queue is full or took too long, the server has no room, or it is shutting down.",
        503 => "The server has no room for more at the moment, or it is shutting down.",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "This status has no description."),
    };

    internal static Dictionary<string, IOpenApiHeader> Headers(int status, Operation operation) => status switch
    {
        200 when operation.Samples => new()
        {
            [RkLlamaHeaders.Ignored] = Text("The fields that were asked for and that this runtime cannot honour, separated by commas; absent when there are none."),
        },
        401 => new() { ["WWW-Authenticate"] = Text("Bearer.") },
        503 => new()
        {
            ["Retry-After"] = new OpenApiHeader
            {
                Description = "Seconds after which it is worth trying again.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "60" },
            },
        },
        _ => [],
    };

    private static OpenApiHeader Text(string description) => new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
