namespace RkLlama.Engine.Workers.Server;

/// <summary>The model was not loaded because the requested context length is larger than the model's limit.</summary>
/// <param name="limit">The model's limit in tokens.</param>
internal sealed class ContextLimitException(int limit) : Exception
{
    internal int Limit => limit;
}
