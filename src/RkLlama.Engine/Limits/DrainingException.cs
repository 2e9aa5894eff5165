namespace RkLlama.Engine.Limits;

/// <summary>The server is shutting down and accepts no more requests.</summary>
internal sealed class DrainingException() : Exception("The server is shutting down; try another node, or again in a moment.")
{
    internal const int RetryAfterSeconds = 5;
}
