namespace RkLlama.Native.Interop;

/// <summary>
/// The byte offsets of the fields in the vendor's structs, for one ABI group; <see cref="Absent"/> if the group does not have the field. The offsets
/// differ between groups, so this project writes each struct field by field into a buffer that is large enough for every group. Source: the vendor's
/// headers, compiled for x86-64 and arm64. Tests verify the offsets with a C compiler.
/// </summary>
internal sealed record RkllmAbi(
    RuntimeFamily Family,
    RKLLMParamLayout RKLLMParam,
    RKLLMInputLayout RKLLMInput,
    RKLLMMultiModalInputLayout RKLLMMultiModalInput,
    RKLLMInferParamLayout RKLLMInferParam,
    RKLLMResultLayout RKLLMResult)
{
    internal const int Absent = -1;

    /// <summary>The bytes to reserve for <c>RKLLMInput</c>, which needs 32 to 208 bytes, depending on the library version.</summary>
    internal const int InputBufferSize = 256;

    /// <summary>
    /// The bytes to reserve for <c>RKLLMInferParam</c> (24 to 40 bytes, depending on the library version), <c>RKLLMSamplingParam</c> (36 bytes) or
    /// <c>RKLLMCallback</c> (48 bytes).
    /// </summary>
    internal const int SmallBufferSize = 64;

    /// <summary>
    /// Whether the library has <c>rkllm_set_chat_template</c>, <c>rkllm_clear_kv_cache</c> and the field <c>keep_history</c> (version 1.2.0 and later).
    /// </summary>
    internal bool HasChatTemplate => Family >= RuntimeFamily.V120;

    /// <summary>Whether the result of the FINISH callback contains an <c>RKLLMPerfStat</c> (version 1.2.1 and later).</summary>
    internal bool HasLogits => Family >= RuntimeFamily.V120;

    internal bool HasStatistics => RKLLMResult.perf != Absent;

    /// <summary>
    /// Whether sampling and the token limit can be set per run (version 1.3.0 and later). In these versions, <c>rkllm_init</c> takes an
    /// <c>RKLLMCallback*</c> instead of a function pointer.
    /// </summary>
    internal bool HasPerRunSampling => RKLLMInferParam.sampling_params != Absent;

    /// <summary>Whether a run can have several images, and the library needs their size (version 1.2.1b1 and later).</summary>
    internal bool HasImageCount => RKLLMMultiModalInput.n_image != Absent;

    /// <param name="version">The exact version; <see langword="null"/> if only the group is known.</param>
    internal static RkllmAbi For(RuntimeFamily family, string? version) => version == "1.2.1b1" && family == RuntimeFamily.V120 ? V121B1 : For(family);

    internal static RkllmAbi For(RuntimeFamily family) => family switch
    {
        RuntimeFamily.V11 => V11,
        RuntimeFamily.V120 => V120,
        RuntimeFamily.V121 => V121,
        RuntimeFamily.V130 => V130,
        RuntimeFamily.V131 => V131,
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no such ABI group"),
    };

    // Library versions 1.1.0 to 1.2.0. Must be before the fields that use it, because they are initialised in this order.
    private static readonly RKLLMMultiModalInputLayout FirstMultiModalInput = new()
    {
        size = 24, image_embed = 8, n_image_tokens = 16, n_image = Absent, image_start = Absent, image_end = Absent, image_content = Absent,
        image_width = Absent, image_height = Absent,
    };

    /// <summary>Library versions 1.1.0 to 1.1.4.</summary>
    internal static readonly RkllmAbi V11 = new(
        RuntimeFamily.V11,
        new()
        {
            size = 200, top_k = 16, n_keep = Absent, top_p = 20, temperature = 24, repeat_penalty = 28, frequency_penalty = 32,
            presence_penalty = 36, mirostat = 40, mirostat_tau = 44, mirostat_eta = 48, skip_special_token = 52, is_async = 53,
            img_start = 56, img_end = 64, img_content = 72, base_domain_id = 80, embed_flash = Absent, enabled_cpus_num = Absent, enabled_cpus_mask = Absent,
        },
        new() { size = 32, role = Absent, enable_thinking = Absent, input_type = 0, union = 8 },
        FirstMultiModalInput,
        new() { size = 24, sampling_params = Absent, keep_history = Absent, max_new_tokens = Absent },
        new() { size = 32, logits = Absent, perf = Absent });

    /// <summary>Library version 1.2.0. Also used for 1.2.1b1 if the version is not known, because they differ in the multimodal input only.</summary>
    internal static readonly RkllmAbi V120 = new(
        RuntimeFamily.V120,
        new()
        {
            size = 208, top_k = 16, n_keep = 20, top_p = 24, temperature = 28, repeat_penalty = 32, frequency_penalty = 36,
            presence_penalty = 40, mirostat = 44, mirostat_tau = 48, mirostat_eta = 52, skip_special_token = 56, is_async = 57,
            img_start = 64, img_end = 72, img_content = 80, base_domain_id = 88, embed_flash = 92, enabled_cpus_num = 93, enabled_cpus_mask = 96,
        },
        new() { size = 32, role = Absent, enable_thinking = Absent, input_type = 0, union = 8 },
        FirstMultiModalInput,
        new() { size = 32, sampling_params = Absent, keep_history = 24, max_new_tokens = Absent },
        new() { size = 48, perf = Absent });

    /// <summary>Library version 1.2.1b1.</summary>
    internal static readonly RkllmAbi V121B1 = V120 with
    {
        RKLLMInput = V120.RKLLMInput with { size = 56 },
        RKLLMMultiModalInput = FirstMultiModalInput with { size = 48, n_image = 24, image_width = 32, image_height = 40 },
    };

    /// <summary>Library versions 1.2.1 to 1.2.3.</summary>
    internal static readonly RkllmAbi V121 = new(
        RuntimeFamily.V121,
        V120.RKLLMParam,
        new() { size = 64, role = 0, enable_thinking = 8, input_type = 12, union = 16 },
        V121B1.RKLLMMultiModalInput,
        V120.RKLLMInferParam,
        new() { size = 72, perf = 48 });

    /// <summary>Library version 1.3.0.</summary>
    internal static readonly RkllmAbi V130 = new(
        RuntimeFamily.V130,
        V120.RKLLMParam with
        {
            size = 184, is_async = 58, img_start = Absent, img_end = Absent, img_content = Absent, base_domain_id = 60, embed_flash = 64, enabled_cpus_num = 65, enabled_cpus_mask = 68,
        },
        V121.RKLLMInput with { size = 160 },
        V121.RKLLMMultiModalInput with
        {
            size = 144, image_start = 32, image_end = 40, image_content = 48, image_width = 56, image_height = 64,
        },
        new() { size = 40, sampling_params = 24, keep_history = 32, max_new_tokens = 36 },
        V121.RKLLMResult);

    /// <summary>
    /// Library version 1.3.1. Also used for later versions; the operator then gets a warning. Version 1.3.1 differs from 1.3.0 only in a larger multimodal
    /// input. The offsets come from public descriptions and are not confirmed on a board.
    /// </summary>
    internal static readonly RkllmAbi V131 = V130 with
    {
        Family = RuntimeFamily.V131,
        RKLLMInput = V130.RKLLMInput with { size = 208 },
        RKLLMMultiModalInput = V130.RKLLMMultiModalInput with { size = 192 },
    };
}

/// <summary>
/// The size of <c>RKLLMParam</c> and the offsets of its fields, in bytes. The offsets of the fields of the inner struct <c>extend_param</c> also count
/// from the start of <c>RKLLMParam</c>.
/// </summary>
internal readonly record struct RKLLMParamLayout
{
    public RKLLMParamLayout()
    {
    }

    public required int size { get; init; }
    public int model_path { get; init; } = 0;
    public int max_context_len { get; init; } = 8;
    public int max_new_tokens { get; init; } = 12;
    public required int top_k { get; init; }
    public required int n_keep { get; init; }
    public required int top_p { get; init; }
    public required int temperature { get; init; }
    public required int repeat_penalty { get; init; }
    public required int frequency_penalty { get; init; }
    public required int presence_penalty { get; init; }
    public required int mirostat { get; init; }
    public required int mirostat_tau { get; init; }
    public required int mirostat_eta { get; init; }
    public required int skip_special_token { get; init; }
    public required int is_async { get; init; }

    /// <summary>This field and the next two: up to library version 1.2.3. Later versions have them in <see cref="RKLLMMultiModalInputLayout"/>.</summary>
    public required int img_start { get; init; }
    public required int img_end { get; init; }
    public required int img_content { get; init; }
    public required int base_domain_id { get; init; }
    public required int embed_flash { get; init; }
    public required int enabled_cpus_num { get; init; }
    public required int enabled_cpus_mask { get; init; }
}

/// <summary>
/// The size of <c>RKLLMInput</c> and the offsets of its fields, in bytes. <c>union</c> is the offset of overlapping fields: <c>prompt_input</c> (a
/// pointer), <c>token_input</c> (a pointer and a size_t) and <c>multimodal_input</c>.
/// </summary>
internal readonly record struct RKLLMInputLayout
{
    public required int size { get; init; }
    public required int role { get; init; }
    public required int enable_thinking { get; init; }
    public required int input_type { get; init; }
    public required int union { get; init; }
}

/// <summary>
/// The size of <c>RKLLMMultiModalInput</c> (<c>RKLLMMultiModelInput</c> before version 1.2.3) and the offsets of its fields, in bytes. From version 1.3.0 on, all
/// fields except <c>prompt</c> are in an inner struct; their offsets also count from the start of the outer one. Video and audio are not used.
/// </summary>
internal readonly record struct RKLLMMultiModalInputLayout
{
    public RKLLMMultiModalInputLayout()
    {
    }

    public required int size { get; init; }
    public int prompt { get; init; } = 0;
    public required int image_embed { get; init; }
    public required int n_image_tokens { get; init; }
    public required int n_image { get; init; }
    public required int image_start { get; init; }
    public required int image_end { get; init; }
    public required int image_content { get; init; }
    public required int image_width { get; init; }
    public required int image_height { get; init; }
}

/// <summary>The size of <c>RKLLMInferParam</c> and the offsets of its fields, in bytes.</summary>
internal readonly record struct RKLLMInferParamLayout
{
    public RKLLMInferParamLayout()
    {
    }

    public required int size { get; init; }
    public int mode { get; init; } = 0;
    public int prompt_cache_params { get; init; } = 16;
    public required int sampling_params { get; init; }
    public required int keep_history { get; init; }
    public required int max_new_tokens { get; init; }
}

/// <summary>
/// The size of <c>RKLLMResult</c> and the offsets of its fields, in bytes. Memory at offset <c>size</c> or higher must not be read, because it is not part
/// of the library's struct.
/// </summary>
internal readonly record struct RKLLMResultLayout
{
    public RKLLMResultLayout()
    {
    }

    public required int size { get; init; }
    public int text { get; init; } = 0;
    public int token_id { get; init; } = 8;
    public int last_hidden_layer { get; init; } = 16;

    /// <summary>Library version 1.2.0 and later: see <see cref="RkllmAbi.HasLogits"/>.</summary>
    public int logits { get; init; } = 32;
    public required int perf { get; init; }
}

/// <summary>The size of <c>RKLLMPromptCacheParam</c> and the offsets of its fields, in bytes.</summary>
internal static class RKLLMPromptCacheParamLayout
{
    public const int size = 16;
    public const int save_prompt_cache = 0;
    public const int prompt_cache_path = 8;
}

/// <summary>The size of <c>RKLLMSamplingParam</c> (library version 1.3.0 and later) and the offsets of its fields, in bytes.</summary>
internal static class RKLLMSamplingParamLayout
{
    public const int size = 36;
    public const int top_k = 0;
    public const int top_p = 4;
    public const int temperature = 8;
    public const int repeat_penalty = 12;
    public const int frequency_penalty = 16;
    public const int presence_penalty = 20;
    public const int mirostat = 24;
    public const int mirostat_tau = 28;
    public const int mirostat_eta = 32;
}

/// <summary>The size of <c>RKLLMPerfStat</c> (library version 1.2.1 and later) and the offsets of its fields, in bytes.</summary>
internal static class RKLLMPerfStatLayout
{
    public const int size = 20;
    public const int prefill_time_ms = 0;
    public const int prefill_tokens = 4;
    public const int generate_time_ms = 8;
    public const int generate_tokens = 12;
    public const int memory_usage_mb = 16;
}

/// <summary>The size of <c>RKLLMResultLogits</c> (library version 1.2.0 and later) and the offsets of its fields, in bytes.</summary>
internal static class RKLLMResultLogitsLayout
{
    public const int size = 16;
    public const int logits = 0;
    public const int vocab_size = 8;
    public const int num_tokens = 12;
}

/// <summary>The size of <c>RKLLMResultLastHiddenLayer</c> and the offsets of its fields, in bytes.</summary>
internal static class RKLLMResultLastHiddenLayerLayout
{
    public const int size = 16;
    public const int hidden_states = 0;
    public const int embd_size = 8;
    public const int num_tokens = 12;
}
