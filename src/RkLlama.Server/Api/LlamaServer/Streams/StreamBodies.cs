namespace RkLlama.Server.Api.LlamaServer.Streams;

/// <summary>A request for the state of resumable streams.</summary>
internal sealed record StreamLookupBody
{
    /// <summary>The ids that the client gave in the header X-Conversation-Id. Ids without a stream are left out of the answer.</summary>
    public required string?[] ConversationIds { get; init; }
}

/// <summary>The state of one resumable stream.</summary>
/// <param name="IsDone">Whether the stream has ended.</param>
/// <param name="TotalBytes">Number of bytes so far.</param>
/// <param name="StartedAt">Unix time in seconds.</param>
/// <param name="CompletedAt">Unix time in seconds; 0 if the stream has not ended.</param>
internal sealed record StreamReply(string ConversationId, bool IsDone, long TotalBytes, long StartedAt, long CompletedAt);
