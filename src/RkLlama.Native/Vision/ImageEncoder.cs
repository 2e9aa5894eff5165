using System.Runtime.InteropServices;
using System.Text;
using RkLlama.Native.Interop;
using RkLlama.Native.Vision.Interop;

namespace RkLlama.Native.Vision;

/// <summary>
/// A loaded encoder of a vision model: pictures become embeddings for the language model. All calls of <c>librknnrt.so</c> for this encoder go through this
/// class. Its methods may be called on any thread, but only one at a time, and never during a run of a language model: the NPU does not allow both at once.
/// </summary>
public sealed class ImageEncoder : IDisposable
{
    // Larger numbers than any encoder has. They protect from a struct that the library filled in wrongly.
    private const int MaxOutputs = 16;
    private const int MaxPixels = 8192;
    private const long MaxValues = 64 << 20;

    private readonly RknnContext _context;

    private ImageEncoder(RknnContext context, EncoderShape shape) => (_context, Shape) = (context, shape);

    public EncoderShape Shape { get; }

    /// <summary>Loads an encoder into NPU domain 0. Blocks until it is loaded, which takes up to 20 s.</summary>
    /// <param name="library">Proof that the library is loaded.</param>
    /// <param name="path">The full path of the <c>.rknn</c> file.</param>
    /// <param name="coreCount">The number of NPU cores that the encoder may use: 1 to 3.</param>
    /// <exception cref="RknnException">The library cannot load the file, or its inputs and outputs are not those of an encoder. The library prints details to
    /// stdout.</exception>
    public static unsafe ImageEncoder Load(RknnLibrary library, string path, int coreCount)
    {
        ArgumentNullException.ThrowIfNull(library);
        RknnContext context;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            RknnStatus status = Rknn.rknn_init(out context, name, 0, RknnInitFlags.DisableProcHighPriority, null);
            if (status != RknnStatus.Success || context.IsInvalid)
            {
                context.SetHandleAsInvalid();
                throw new RknnException($"the runtime could not load the encoder (rknn_init returned {(int)status}: {RknnException.Meaning(status)})", status);
            }
        }

        try
        {
            // Fails on platforms whose NPU has one core. The library then uses this core.
            _ = Rknn.rknn_set_core_mask(context, (1u << coreCount) - 1);
            return new(context, ReadShape(context));
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Encodes a picture. Blocks until the encoder has finished, which takes seconds; the library cannot end a run early.</summary>
    /// <param name="pixels">8-bit RGB, row by row from the top: <see cref="EncoderShape.PixelBytes"/> bytes. For encoders that normalise by themselves.</param>
    /// <returns><see cref="EncoderShape.ValueCount"/> values: for each token the values of all outputs, one output after the other.</returns>
    /// <exception cref="RknnException">A call of the library failed.</exception>
    public unsafe float[] Encode(ReadOnlySpan<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, Shape.PixelBytes);
        fixed (byte* data = pixels)
            return Encode(data, pixels.Length, RknnTensorType.Uint8, RknnTensorFormat.Nhwc);
    }

    /// <summary>Encodes a picture whose values the caller has normalised.</summary>
    /// <param name="values">By channels if <see cref="EncoderShape.IsPlanar"/>, otherwise by pixels: <see cref="EncoderShape.PixelBytes"/> values.</param>
    /// <inheritdoc cref="Encode(ReadOnlySpan{byte})"/>
    public unsafe float[] Encode(ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, Shape.PixelBytes);
        fixed (float* data = values)
            return Encode(data, values.Length * sizeof(float), RknnTensorType.Float32, Shape.IsPlanar ? RknnTensorFormat.Nchw : RknnTensorFormat.Nhwc);
    }

    private unsafe float[] Encode(void* data, int length, RknnTensorType type, RknnTensorFormat format)
    {
        byte* input = stackalloc byte[rknn_inputLayout.size];
        Span<byte> bytes = new(input, rknn_inputLayout.size);
        bytes.Clear();
        RkllmBuffers.WritePointer(bytes, rknn_inputLayout.buf, (nint)data);
        RkllmBuffers.WriteInt(bytes, rknn_inputLayout.size_, length);
        RkllmBuffers.WriteInt(bytes, rknn_inputLayout.type, (int)type);
        RkllmBuffers.WriteInt(bytes, rknn_inputLayout.fmt, (int)format);
        RknnException.ThrowIfFailed(Rknn.rknn_inputs_set(_context, 1, input), nameof(Rknn.rknn_inputs_set));
        RknnException.ThrowIfFailed(Rknn.rknn_run(_context, null), nameof(Rknn.rknn_run));
        return ReadOutputs();
    }

    private unsafe float[] ReadOutputs()
    {
        int count = Shape.OutputCount;
        byte* outputs = stackalloc byte[MaxOutputs * rknn_outputLayout.size];
        Span<byte> bytes = new(outputs, count * rknn_outputLayout.size);
        bytes.Clear();
        for (int i = 0; i < count; i++)
        {
            bytes[(i * rknn_outputLayout.size) + rknn_outputLayout.want_float] = 1;
            RkllmBuffers.WriteInt(bytes, (i * rknn_outputLayout.size) + rknn_outputLayout.index, i);
        }

        RknnException.ThrowIfFailed(Rknn.rknn_outputs_get(_context, (uint)count, outputs, null), nameof(Rknn.rknn_outputs_get));
        try
        {
            float[] values = new float[Shape.ValueCount];
            for (int i = 0; i < count; i++)
                CopyOutput(bytes.Slice(i * rknn_outputLayout.size, rknn_outputLayout.size), i, values);
            return values;
        }
        finally
        {
            // All of them: an output that is not released leaks.
            _ = Rknn.rknn_outputs_release(_context, (uint)count, outputs);
        }
    }

    /// <summary>Copies the rows of one output to their places: row n of output k follows row n of output k − 1.</summary>
    private unsafe void CopyOutput(ReadOnlySpan<byte> output, int index, Span<float> values)
    {
        nint data = RkllmBuffers.ReadPointer(output, rknn_outputLayout.buf);
        int size = RkllmBuffers.ReadInt(output, rknn_outputLayout.size_), row = Shape.EmbeddingSize;
        if (data == 0 || size != Shape.TokenCount * row * sizeof(float))
            throw new RknnException($"output {index} of the encoder has {size} bytes, not {Shape.TokenCount * row * sizeof(float)}");

        ReadOnlySpan<float> rows = new((void*)data, Shape.TokenCount * row);
        for (int token = 0; token < Shape.TokenCount; token++)
            rows.Slice(token * row, row).CopyTo(values[(((token * Shape.OutputCount) + index) * row)..]);
    }

    private static unsafe EncoderShape ReadShape(RknnContext context)
    {
        byte* counts = stackalloc byte[rknn_input_output_numLayout.size];
        Span<byte> bytes = new(counts, rknn_input_output_numLayout.size);
        bytes.Clear();
        RknnException.ThrowIfFailed(Rknn.rknn_query(context, RknnQuery.InOutNum, counts, rknn_input_output_numLayout.size), nameof(Rknn.rknn_query));
        int inputs = RkllmBuffers.ReadInt(bytes, rknn_input_output_numLayout.n_input);
        int outputs = RkllmBuffers.ReadInt(bytes, rknn_input_output_numLayout.n_output);
        if (inputs != 1 || outputs is < 1 or > MaxOutputs)
            throw new RknnException($"the file is not an encoder of pictures: it has {inputs} inputs and {outputs} outputs");

        TensorShape input = ReadTensor(context, RknnQuery.InputAttr, 0);
        bool isPlanar = input.Format == RknnTensorFormat.Nchw;
        if (input.Dimensions is not [_, _, _, _] dims || dims[isPlanar ? 1 : 3] != 3)
            throw new RknnException($"the file is not an encoder of pictures: its input has the dimensions {input}");

        TensorShape first = ReadTensor(context, RknnQuery.OutputAttr, 0);
        for (int i = 1; i < outputs; i++)
        {
            TensorShape other = ReadTensor(context, RknnQuery.OutputAttr, i);
            if (!other.Dimensions.SequenceEqual(first.Dimensions))
                throw new RknnException($"the outputs of the encoder have different dimensions: {first} and {other}");
        }

        (int tokens, int size) = Rows(first);
        int height = dims[isPlanar ? 2 : 1], width = dims[isPlanar ? 3 : 2];
        if (width is < 1 or > MaxPixels || height is < 1 or > MaxPixels || (long)tokens * size * outputs > MaxValues)
            throw new RknnException($"the sizes of the encoder are not plausible: input {input}, output {first}");
        return new(width, height, isPlanar, tokens, size, outputs);
    }

    /// <summary>The first dimension greater than 1 is the number of tokens. The next one is the number of values per token.</summary>
    private static (int Tokens, int Size) Rows(TensorShape output)
    {
        int first = Array.FindIndex(output.Dimensions, static length => length > 1);
        return first >= 0 && first + 1 < output.Dimensions.Length && output.Dimensions[first + 1] > 0
            ? (output.Dimensions[first], output.Dimensions[first + 1])
            : throw new RknnException($"the file is not an encoder of pictures: its output has the dimensions {output}");
    }

    private static unsafe TensorShape ReadTensor(RknnContext context, RknnQuery query, int index)
    {
        byte* attribute = stackalloc byte[rknn_tensor_attrLayout.size];
        Span<byte> bytes = new(attribute, rknn_tensor_attrLayout.size);
        bytes.Clear();
        RkllmBuffers.WriteInt(bytes, rknn_tensor_attrLayout.index, index);
        RknnException.ThrowIfFailed(Rknn.rknn_query(context, query, attribute, rknn_tensor_attrLayout.size), nameof(Rknn.rknn_query));
        int count = Math.Clamp(RkllmBuffers.ReadInt(bytes, rknn_tensor_attrLayout.n_dims), 0, 16);
        int[] dimensions = MemoryMarshal.Cast<byte, int>(bytes.Slice(rknn_tensor_attrLayout.dims, count * sizeof(int))).ToArray();
        return new(dimensions, (RknnTensorFormat)RkllmBuffers.ReadInt(bytes, rknn_tensor_attrLayout.fmt));
    }

    /// <summary>Unloads the encoder. Must not be called during <see cref="Encode(ReadOnlySpan{byte})"/>.</summary>
    public void Dispose() => _context.Dispose();

    private sealed record TensorShape(int[] Dimensions, RknnTensorFormat Format)
    {
        public override string ToString() => string.Join('×', Dimensions);
    }
}
