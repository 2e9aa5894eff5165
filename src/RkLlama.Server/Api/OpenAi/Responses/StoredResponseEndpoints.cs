using System.Buffers;
using System.Globalization;
using System.Text.Json;
using RkLlama.Engine.Stored;
using RkLlama.Server.Api.OpenAi.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>The endpoints of stored responses.</summary>
internal static class StoredResponseEndpoints
{
    // A cancelled run ends as soon as its task gets the processor.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(5);

    internal static void Map(IEndpointRouteBuilder routes, string[] read)
    {
        routes.MapMethods("/v1/responses/{id}", read, Get).WithMetadata(StoredOperations.GetResponse);
        routes.MapDelete("/v1/responses/{id}", Delete).WithMetadata(StoredOperations.DeleteResponse);
        routes.MapPost("/v1/responses/{id}/cancel", Cancel).WithMetadata(StoredOperations.CancelResponse);
        routes.MapMethods("/v1/responses/{id}/input_items", read, ListInputItems).WithMetadata(StoredOperations.ListInputItems);
    }

    private static IResult Get(string id, HttpContext context, ResumableStreams streams)
    {
        OwnedAnswers answers = OwnedAnswers.Of(context);
        StoredContent found = answers.Get(StoredKind.Response, id);
        ResumableStream? stream = streams.Find(new(answers.Owner, id));
        if (!string.Equals(context.Request.Query["stream"], "true", StringComparison.OrdinalIgnoreCase))
            return new JsonResult<Response>(Current(found, stream), OpenAiJson.Wire.Response);

        string after = context.Request.Query["starting_after"].ToString();
        if (stream is not null)
            return after.Length > 0 ? ResumedResult.Behind(stream, after, "starting_after") : ResumedResult.BehindLastEvent(stream, context.Request);
        return found.Entry.State != StoredState.Running
            ? new LastEventResult(Current(found, null), after)
            : throw ApiException.BadRequest("Only a response in the background can be streamed while it is made.", "stream");
    }

    private static async Task<JsonResult<StoredDeletion>> Delete(string id, HttpContext context, ResumableStreams streams)
    {
        OwnedAnswers answers = OwnedAnswers.Of(context);
        await answers.DeleteAsync(StoredKind.Response, id).ConfigureAwait(false);
        streams.Drop(new(answers.Owner, id));
        return new(new(id, "response"), OpenAiJson.Wire.StoredDeletion);
    }

    private static async Task<JsonResult<Response>> Cancel(string id, HttpContext context, ResumableStreams streams)
    {
        OwnedAnswers answers = OwnedAnswers.Of(context);
        StoredContent found = answers.Get(StoredKind.Response, id);
        if (!Current(found, null).Background)
            throw ApiException.BadRequest("Only a response in the background can be cancelled. To cancel another one, close its connection.", "id");
        if (streams.Find(new(answers.Owner, id)) is { } stream)
        {
            stream.Cancel();
            await stream.Completion.WaitAsync(CancelTime, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return new(Current(answers.Get(StoredKind.Response, id), null), OpenAiJson.Wire.Response);
    }

    private static JsonResult<StoredList> ListInputItems(string id, HttpContext context)
    {
        JsonElement[] items = [.. OwnedAnswers.Parse(OwnedAnswers.Of(context).Get(StoredKind.Response, id).Input).EnumerateArray()];
        return new(StoredList.Of(PageQuery.Of(context.Request.Query, isAscending: false).Of(items, StoredItems.IdOf)), OpenAiJson.Wire.StoredList);
    }

    /// <summary>Returns the response in its present state.</summary>
    /// <param name="stream">Its stream, if it is in the background and has not ended lately.</param>
    private static Response Current(StoredContent found, ResumableStream? stream)
    {
        Response response = JsonSerializer.Deserialize(found.Output.Span, OpenAiJson.Wire.Response)!;
        return found.Entry.State switch
        {
            StoredState.Interrupted => response with { Status = "failed", Error = new("server_error", "The server stopped before the answer was complete.") },
            StoredState.Running when stream is { HasStarted: true } => response with { Status = "in_progress" },
            _ => response,
        };
    }

    /// <summary>Sends the last event of a response whose other events are no longer in memory.</summary>
    private sealed class LastEventResult(Response response, string after) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            int number = int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int seen) && seen < int.MaxValue ? seen + 1 : 0;
            ArrayBufferWriter<byte> buffer = new();
            string type = $"response.{response.Status}";
            new JsonEventWriter().WriteSse(new ResponseEvent(type, number) { Response = response }, OpenAiJson.Wire.ResponseEvent, buffer, type);
            httpContext.Response.SetStreamHeaders(JsonEventWriter.SseContentType);
            await httpContext.Response.BodyWriter.WriteAsync(buffer.WrittenMemory, httpContext.RequestAborted).ConfigureAwait(false);
        }
    }
}
