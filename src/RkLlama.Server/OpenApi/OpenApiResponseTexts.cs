using Microsoft.OpenApi;
using RkLlama.Server.Http;

namespace RkLlama.Server.OpenApi;

/// <summary>Descriptions of response statuses and their headers.</summary>
internal static class OpenApiResponseTexts
{
    internal static string Describe(int status, Operation operation) => status switch
    {
        200 when operation.StreamItem is not null => "Success: one JSON object, or a stream if the request asks for one.",
        200 => "Success.",
        400 => "The request cannot be served. The message says what to change.",
        401 => "The API key is missing or wrong.",
        403 => "The request comes from a web page that the operator has not listed.",
        404 => operation.NotFound,
        408 => "The request body took too long to arrive.",
        413 => "The request body is too large.",
        415 => "The request body is compressed.",
        422 => "The output does not have the format or the tool call that the request requires, or the request has ended the worker of the model twice.",
        499 => "A retry has replaced this request.",
        500 => "The runtime or the server failed. The message has the reason, if it is known.",
        501 => "Not implemented.",
        502 => "The hub of the model cannot be reached, or its answer is not valid.",
        503 when operation.IgnoresLimits => "Requests should go to other nodes for now. The body has the reason.",
        503 when operation.RunsModel => "The queue is full, the request waited too long, the server has no capacity, or it is shutting down.",
        503 => "The server has no capacity at the moment, or it is shutting down.",
        507 => "The disk of the models directory is full.",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "This status has no description."),
    };

    internal static Dictionary<string, IOpenApiHeader> Headers(int status, Operation operation) => status switch
    {
        200 when operation.HasSamplingFields => new()
        {
            [RkLlamaHeaders.Ignored] = Text("Request fields that had no effect, separated by commas. Absent if there are none."),
        },
        401 => new() { ["WWW-Authenticate"] = Text("Bearer.") },
        503 => new()
        {
            ["Retry-After"] = new OpenApiHeader
            {
                Description = "Seconds to wait before a retry.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "60" },
            },
        },
        _ => [],
    };

    private static OpenApiHeader Text(string description) => new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
