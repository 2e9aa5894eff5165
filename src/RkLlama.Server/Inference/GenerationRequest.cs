using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Server.Inference;

/// <summary>What every API asks for, whatever its wire format.</summary>
/// <param name="Sampling">What the request asks to differ from the model's own values.</param>
/// <param name="MaxNewTokens">Bound of the answer in tokens, or <see langword="null"/> for the model's.</param>
internal sealed record GenerationRequest(
    Conversation Conversation,
    SamplingParameters Sampling,
    int? MaxNewTokens);
