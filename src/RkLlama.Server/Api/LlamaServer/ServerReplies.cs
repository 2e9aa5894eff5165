namespace RkLlama.Server.Api.LlamaServer;

/// <summary>Response of <c>GET /props</c>: the properties of a model.</summary>
/// <param name="TotalSlots">Number of workers of the model, each with its own KV cache; 1 if the model is not loaded.</param>
/// <param name="ModelAlias">Name of the model.</param>
/// <param name="ModelPath">Name of the model file, without its directory.</param>
/// <param name="ChatTemplate">The Jinja source of the chat template.</param>
/// <param name="BuildInfo">Name and version of the server.</param>
internal sealed record PropsReply(
    GenerationDefaults DefaultGenerationSettings, int TotalSlots, string ModelAlias, string ModelPath, Modalities Modalities, string ChatTemplate, string BuildInfo);

/// <summary>The settings of a request that sets none.</summary>
/// <param name="NCtx">Context length in tokens.</param>
internal sealed record GenerationDefaults(int NCtx, GenerationDefaultParameters Params);

/// <summary>Values of the Modelfile. A value that it does not set is null; then the default of the runtime applies.</summary>
/// <param name="NPredict">Maximum number of output tokens.</param>
/// <param name="TopK">0 turns the limit off.</param>
internal sealed record GenerationDefaultParameters(
    int NPredict, float? Temperature, int? TopK, float? TopP, float? RepeatPenalty, float? FrequencyPenalty, float? PresencePenalty);

/// <summary>The kinds of input besides text.</summary>
internal sealed record Modalities(bool Vision, bool Audio);

/// <summary>One worker of a model in memory.</summary>
/// <param name="Model">Name of the model. llama-server, which has one model, does not have this field.</param>
/// <param name="NCtx">Context length in tokens.</param>
/// <param name="Speculative">Always false.</param>
/// <param name="IsProcessing">Whether a run is active. At most one worker of the node has a run.</param>
internal sealed record SlotReply(int Id, string Model, int NCtx, bool Speculative, bool IsProcessing);
