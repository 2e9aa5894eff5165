using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RkLlama.Native.Interop;

/// <summary>
/// Reads and writes fields of the vendor's structs at the offsets of <see cref="RkllmAbi"/>. Writing null, or a field that the library version does not
/// have, has no effect.
/// </summary>
internal static class RkllmBuffers
{
    /// <summary>Writes the parameters of a model load over the library's defaults. All other bytes keep their values.</summary>
    /// <param name="param">The <c>RKLLMParam</c> that <c>rkllm_createDefaultParam</c> returned.</param>
    /// <param name="modelPath">A pointer to NUL-terminated UTF-8, valid until <c>rkllm_init</c> returns.</param>
    internal static void WriteParam(Span<byte> param, RkllmAbi abi, ModelParameters model, nint modelPath, int baseDomainId)
    {
        RKLLMParamLayout at = abi.RKLLMParam;
        WritePointer(param, at.model_path, modelPath);
        WriteInt(param, at.max_context_len, model.MaxContextLength);
        WriteInt(param, at.max_new_tokens, model.MaxNewTokens);
        param[at.skip_special_token] = model.SkipSpecialTokens ? (byte)1 : (byte)0;
        param[at.is_async] = 0;
        WriteInt(param, at.base_domain_id, baseDomainId);

        SamplingParameters sampling = model.Sampling;
        WriteInt(param, at.top_k, sampling.TopK);
        WriteFloat(param, at.top_p, sampling.TopP);
        WriteFloat(param, at.temperature, sampling.Temperature);
        WriteFloat(param, at.repeat_penalty, sampling.RepeatPenalty);
        WriteFloat(param, at.frequency_penalty, sampling.FrequencyPenalty);
        WriteFloat(param, at.presence_penalty, sampling.PresencePenalty);
        WriteInt(param, at.mirostat, sampling.Mirostat);
        WriteFloat(param, at.mirostat_tau, sampling.MirostatTau);
        WriteFloat(param, at.mirostat_eta, sampling.MirostatEta);

        if (at.embed_flash == RkllmAbi.Absent)
            return;

        param[at.embed_flash] = model.EmbedFlash ? (byte)1 : (byte)0;
        if (model.CpuMask != 0)
        {
            param[at.enabled_cpus_num] = (byte)System.Numerics.BitOperations.PopCount(model.CpuMask);
            BinaryPrimitives.WriteUInt32LittleEndian(param[at.enabled_cpus_mask..], model.CpuMask);
        }
    }

    /// <summary>Reads the sampling values of a parameter buffer: the library's defaults, or the values written over them.</summary>
    internal static SamplingParameters ReadSampling(ReadOnlySpan<byte> param, RKLLMParamLayout at) => new(
        ReadInt(param, at.top_k),
        ReadFloat(param, at.top_p),
        ReadFloat(param, at.temperature),
        ReadFloat(param, at.repeat_penalty),
        ReadFloat(param, at.frequency_penalty),
        ReadFloat(param, at.presence_penalty),
        ReadInt(param, at.mirostat),
        ReadFloat(param, at.mirostat_tau),
        ReadFloat(param, at.mirostat_eta));

    /// <summary>Writes an <c>RKLLMSamplingParam</c>.</summary>
    /// <param name="buffer">The memory of the struct. It need not be cleared, because all fields are written.</param>
    /// <param name="sampling">No value may be null.</param>
    internal static void WriteSampling(Span<byte> buffer, SamplingParameters sampling)
    {
        WriteInt(buffer, RKLLMSamplingParamLayout.top_k, sampling.TopK);
        WriteFloat(buffer, RKLLMSamplingParamLayout.top_p, sampling.TopP);
        WriteFloat(buffer, RKLLMSamplingParamLayout.temperature, sampling.Temperature);
        WriteFloat(buffer, RKLLMSamplingParamLayout.repeat_penalty, sampling.RepeatPenalty);
        WriteFloat(buffer, RKLLMSamplingParamLayout.frequency_penalty, sampling.FrequencyPenalty);
        WriteFloat(buffer, RKLLMSamplingParamLayout.presence_penalty, sampling.PresencePenalty);
        WriteInt(buffer, RKLLMSamplingParamLayout.mirostat, sampling.Mirostat);
        WriteFloat(buffer, RKLLMSamplingParamLayout.mirostat_tau, sampling.MirostatTau);
        WriteFloat(buffer, RKLLMSamplingParamLayout.mirostat_eta, sampling.MirostatEta);
    }

    /// <summary>Writes the strings around images into the parameters of a model load. Has no effect from version 1.3.0 on.</summary>
    /// <param name="param">As in <see cref="WriteParam"/>; the pointers must stay valid until <c>rkllm_init</c> returns.</param>
    internal static void WriteImageTags(Span<byte> param, RKLLMParamLayout at, nint start, nint end, nint content)
    {
        WritePointer(param, at.img_start, start);
        WritePointer(param, at.img_end, end);
        WritePointer(param, at.img_content, content);
    }

    /// <summary>Writes an <c>RKLLMInput</c> with images. The memory at all pointers must stay valid until <c>rkllm_run</c> returns.</summary>
    /// <param name="role">As in <see cref="WriteInput"/>.</param>
    /// <param name="prompt">A pointer to the text in NUL-terminated UTF-8.</param>
    /// <param name="tags">Pointers to the strings around an image. Ignored before version 1.3.0.</param>
    internal static void WriteImageInput(
        Span<byte> input, RkllmAbi abi, nint role, nint prompt, nint embeddings, ImageInput images, (nint Start, nint End, nint Content) tags)
    {
        WriteInput(input, abi.RKLLMInput, RKLLMInputType.Multimodal, role, 0, 0);
        RKLLMMultiModalInputLayout at = abi.RKLLMMultiModalInput;
        Span<byte> union = input[abi.RKLLMInput.union..];
        WritePointer(union, at.prompt, prompt);
        WritePointer(union, at.image_embed, embeddings);
        WritePointer(union, at.n_image_tokens, images.TokenCount);
        WritePointer(union, at.n_image, images.ImageCount);
        WritePointer(union, at.image_start, tags.Start);
        WritePointer(union, at.image_end, tags.End);
        WritePointer(union, at.image_content, tags.Content);
        WritePointer(union, at.image_width, images.Width);
        WritePointer(union, at.image_height, images.Height);
    }

    /// <summary>Writes an <c>RKLLMInput</c>. The memory at both pointers must stay valid until <c>rkllm_run</c> returns.</summary>
    /// <param name="role">A pointer to the role of the message in NUL-terminated UTF-8, or 0 for none. Ignored before library version 1.2.1.</param>
    /// <param name="data">A pointer to the text in NUL-terminated UTF-8, or to the token ids.</param>
    /// <param name="count">The number of token ids; ignored for text.</param>
    internal static void WriteInput(Span<byte> input, RKLLMInputLayout at, RKLLMInputType type, nint role, nint data, int count)
    {
        WritePointer(input, at.role, role);
        WriteInt(input, at.input_type, (int)type);
        WritePointer(input, at.union, data);
        if (type == RKLLMInputType.Token)
            WritePointer(input, at.union + nint.Size, count);
    }

    internal static RunStatistics ReadStatistics(ReadOnlySpan<byte> perf) => new(
        ReadFloat(perf, RKLLMPerfStatLayout.prefill_time_ms),
        ReadInt(perf, RKLLMPerfStatLayout.prefill_tokens),
        ReadFloat(perf, RKLLMPerfStatLayout.generate_time_ms),
        ReadInt(perf, RKLLMPerfStatLayout.generate_tokens),
        ReadFloat(perf, RKLLMPerfStatLayout.memory_usage_mb));

    internal static int ReadInt(ReadOnlySpan<byte> buffer, int offset) => BinaryPrimitives.ReadInt32LittleEndian(buffer[offset..]);

    internal static float ReadFloat(ReadOnlySpan<byte> buffer, int offset) => BinaryPrimitives.ReadSingleLittleEndian(buffer[offset..]);

    internal static nint ReadPointer(ReadOnlySpan<byte> buffer, int offset) => MemoryMarshal.Read<nint>(buffer[offset..]);

    internal static void WriteInt(Span<byte> buffer, int offset, int? value)
    {
        if (offset != RkllmAbi.Absent && value is { } number)
            BinaryPrimitives.WriteInt32LittleEndian(buffer[offset..], number);
    }

    internal static void WriteFloat(Span<byte> buffer, int offset, float? value)
    {
        if (offset != RkllmAbi.Absent && value is { } number)
            BinaryPrimitives.WriteSingleLittleEndian(buffer[offset..], number);
    }

    internal static void WritePointer(Span<byte> buffer, int offset, nint value)
    {
        if (offset != RkllmAbi.Absent)
            MemoryMarshal.Write(buffer[offset..], in value);
    }
}
