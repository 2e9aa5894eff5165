namespace RkLlama.Engine.Configuration;

/// <summary>Timeouts of a run. If the first or the next token does not arrive in time, the run is aborted.</summary>
/// <param name="Prefill">Time from the start of a run to its first token, without the part that depends on the length of the prompt.</param>
/// <param name="PrefillPerToken">Time that each token of the prompt adds to <paramref name="Prefill"/>.</param>
/// <param name="Token">Time from one token to the next.</param>
/// <param name="AbortGrace">Time from an abort to the end of the run. If a run exceeds it, its worker is killed.</param>
internal sealed record RunTimeouts(TimeSpan Prefill, TimeSpan PrefillPerToken, TimeSpan Token, TimeSpan AbortGrace);
