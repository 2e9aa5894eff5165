using System.Globalization;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.LlamaServer.Streams;

/// <summary>
/// The endpoints of resumable streams, as llama-server has them. A client knows the id, because it has chosen it: the server lists no ids that it was not asked for.
/// </summary>
internal static class StreamEndpoints
{
    private const int MaxIds = 1000;

    /// <summary>Continues a stream: behind a number of bytes, or behind the event that the client has seen last.</summary>
    internal static ResumedResult Resume(HttpContext context, ResumableStreams streams)
    {
        ResumableStream stream = streams.Find(KeyOf(context)) ?? throw NoStream();
        IQueryCollection query = context.Request.Query;
        if (query["from"] is not [{ Length: > 0 } from])
            return ResumedResult.BehindLastEvent(stream, context.Request);
        return long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out long position) && position <= stream.Log.Length
            ? new(stream, position)
            : throw ApiException.BadRequest("from is not a position in this stream.", "from");
    }

    /// <summary>Cancels the run of a stream, and removes the stream. Has no effect if there is none.</summary>
    internal static IResult Cancel(HttpContext context, ResumableStreams streams)
    {
        streams.Drop(KeyOf(context));
        return TypedResults.NoContent();
    }

    internal static async Task<JsonResult<StreamReply[]>> Lookup(HttpContext context, RequestReader reader, ResumableStreams streams)
    {
        StreamLookupBody body = await reader.ReadAsync(context, static (json, _) => LlamaServerBodyJson.Reader.Read<StreamLookupBody>(json)).ConfigureAwait(false);
        string owner = AnswerOwner.Of(context);
        return new(
            [.. (body.ConversationIds ?? []).Take(MaxIds).OfType<string>().Distinct(StringComparer.Ordinal)
                .Select(id => streams.Find(new(owner, id)))
                .OfType<ResumableStream>()
                .Select(static stream => new StreamReply(stream.Key.Id, stream.Log.HasEnded, stream.Log.Length, stream.Started, stream.Completed))],
            LlamaServerJson.Wire.StreamReplyArray);
    }

    /// <summary>Returns the key of the stream. An id with a slash comes in the query.</summary>
    private static StreamKey KeyOf(HttpContext context) => new(
        AnswerOwner.Of(context),
        context.Request.RouteValues["id"] as string ?? (context.Request.Query["conv_id"] is [{ Length: > 0 } id] ? id : throw ApiException.BadRequest("conv_id is missing.", "conv_id")));

    private static ApiException NoStream() => new(
        StatusCodes.Status404NotFound,
        new($"There is no such stream: its request had no header {ResumableRequest.Header}, it has ended some time ago, or the server was restarted."));
}
