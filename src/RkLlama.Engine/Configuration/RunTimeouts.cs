namespace RkLlama.Engine.Configuration;

/// <summary>How long the runtime may take before it counts as hung.</summary>
/// <param name="Prefill">From the start of a run to its first token, whatever its prompt.</param>
/// <param name="PrefillPerToken">The same, more for each token of the prompt.</param>
/// <param name="Token">From one token to the next.</param>
/// <param name="AbortGrace">From an abort to the end of the run.</param>
internal sealed record RunTimeouts(TimeSpan Prefill, TimeSpan PrefillPerToken, TimeSpan Token, TimeSpan AbortGrace);
