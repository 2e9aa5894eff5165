using System.Runtime.InteropServices;
using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <content>The arguments of a run.</content>
public sealed partial class RkllmModel
{
    /// <summary>
    /// Builds the arguments and calls <c>rkllm_run</c>, which blocks until the run ends. All memory that the arguments point to is pinned, or is on the
    /// stack of this method, until the call returns.
    /// </summary>
    private unsafe int Run(RkllmRun run, RunInput input, RunParameters parameters, RKLLMInferMode mode)
    {
        byte* inputStruct = stackalloc byte[RkllmAbi.InputBufferSize];
        byte* inferParams = stackalloc byte[RkllmAbi.SmallBufferSize];
        byte* samplingParams = stackalloc byte[RkllmAbi.SmallBufferSize];
        byte* cacheParams = stackalloc byte[RkllmAbi.SmallBufferSize];
        Span<byte> inputBytes = new(inputStruct, RkllmAbi.InputBufferSize);
        Span<byte> inferBytes = new(inferParams, RkllmAbi.SmallBufferSize);
        inputBytes.Clear();
        inferBytes.Clear();

        RkllmBuffers.WriteInt(inferBytes, _abi.RKLLMInferParam.mode, (int)mode);
        RkllmBuffers.WriteInt(inferBytes, _abi.RKLLMInferParam.keep_history, 0);
        if (_abi.HasPerRunSampling)
        {
            RkllmBuffers.WriteSampling(new(samplingParams, RkllmAbi.SmallBufferSize), parameters.Sampling.WithFallback(_sampling));
            RkllmBuffers.WritePointer(inferBytes, _abi.RKLLMInferParam.sampling_params, (nint)samplingParams);
            RkllmBuffers.WriteInt(inferBytes, _abi.RKLLMInferParam.max_new_tokens, parameters.MaxNewTokens ?? _parameters.MaxNewTokens);
        }

        byte[] cachePath = run.CachePath is { } file ? ToNulTerminatedUtf8(file) : [];
        byte[] text = input.Text is { } prompt ? ToNulTerminatedUtf8(prompt) : [];
        int[] tokens = input.Tokens is { } ids ? [.. ids] : [];
        using GCHandle<RkllmRun> userdata = new(run);
        byte[][] tags = TagsOf(_parameters);
        fixed (byte* textPointer = text)
        fixed (float* embeddings = input.Images is { } encoded ? encoded.Embeddings.Span : default)
        fixed (byte* start = tags[0], end = tags[1], content = tags[2])
        fixed (int* tokenPointer = tokens)
        fixed (byte* user = "user\0"u8)
        fixed (byte* cachePathPointer = cachePath)
        {
            if (run.CachePath is not null)
            {
                Span<byte> cacheBytes = new(cacheParams, RkllmAbi.SmallBufferSize);
                cacheBytes.Clear();
                RkllmBuffers.WriteInt(cacheBytes, RKLLMPromptCacheParamLayout.save_prompt_cache, 1);
                RkllmBuffers.WritePointer(cacheBytes, RKLLMPromptCacheParamLayout.prompt_cache_path, (nint)cachePathPointer);
                RkllmBuffers.WritePointer(inferBytes, _abi.RKLLMInferParam.prompt_cache_params, (nint)cacheParams);
            }

            if (input.Images is { } images)
                RkllmBuffers.WriteImageInput(inputBytes, _abi, (nint)user, (nint)textPointer, (nint)embeddings, images, ((nint)start, (nint)end, (nint)content));
            else if (input.Text is not null)
                RkllmBuffers.WriteInput(inputBytes, _abi.RKLLMInput, RKLLMInputType.Prompt, (nint)user, (nint)textPointer, 0);
            else
                RkllmBuffers.WriteInput(inputBytes, _abi.RKLLMInput, RKLLMInputType.Token, 0, (nint)tokenPointer, tokens.Length);

            return Rkllm.rkllm_run(_handle, inputStruct, inferParams, GCHandle<RkllmRun>.ToIntPtr(userdata));
        }
    }

    // The strings around an image, for the parameters of the load (up to version 1.2.3) and of each run (later versions).
    private static byte[][] TagsOf(ModelParameters parameters) =>
        parameters.ImageTags is { } tags ? [ToNulTerminatedUtf8(tags.Start), ToNulTerminatedUtf8(tags.End), ToNulTerminatedUtf8(tags.Content)] : [[], [], []];

    /// <exception cref="ArgumentException">The images do not fit the text, the model or the version of the library.</exception>
    private void CheckImages(RunInput input)
    {
        if (input.Images is not { } images)
            return;
        if (input.Text is null || _parameters.ImageTags is null)
            throw new ArgumentException("images need a text, and a model that was loaded with the strings around images", nameof(input));
        if (images.ImageCount < 1 || (images.ImageCount > 1 && !_abi.HasImageCount))
            throw new ArgumentException($"this version of the runtime cannot read {images.ImageCount} images in one prompt", nameof(input));

        long rows = (long)images.ImageCount * images.TokenCount;
        if (rows < 1 || images.Embeddings.Length % rows != 0)
            throw new ArgumentException($"{images.Embeddings.Length} values are not {rows} rows", nameof(input));
    }
}
