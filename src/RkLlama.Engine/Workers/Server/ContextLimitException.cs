namespace RkLlama.Engine.Workers.Server;

/// <summary>The model's context length is smaller than asked for.</summary>
internal sealed class ContextLimitException(int limit) : Exception
{
    internal int Limit => limit;
}
