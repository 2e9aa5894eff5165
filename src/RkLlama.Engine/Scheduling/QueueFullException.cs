namespace RkLlama.Engine.Scheduling;

/// <summary>The queue is full, or the request waited too long.</summary>
/// <param name="retryAfterSeconds">After how many seconds the client should try again, 1 to 60.</param>
internal sealed class QueueFullException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
