namespace RkLlama.Engine.Configuration;

/// <summary>Timeouts of a run. If one is exceeded, the runtime counts as hung.</summary>
/// <param name="Prefill">From the start of a run to its first token, without the part that depends on the prompt.</param>
/// <param name="PrefillPerToken">Added to <paramref name="Prefill"/> for each token of the prompt.</param>
/// <param name="Token">From one token to the next.</param>
/// <param name="AbortGrace">From an abort to the end of the run.</param>
internal sealed record RunTimeouts(TimeSpan Prefill, TimeSpan PrefillPerToken, TimeSpan Token, TimeSpan AbortGrace);
