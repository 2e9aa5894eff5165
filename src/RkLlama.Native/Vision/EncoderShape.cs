namespace RkLlama.Native.Vision;

/// <summary>The sizes of an encoder, as its file says them.</summary>
/// <param name="Width">The width of the input picture in pixels.</param>
/// <param name="Height">The height of the input picture in pixels.</param>
/// <param name="IsPlanar">Whether the model takes its input by channels (NCHW) and not by pixels (NHWC). Only matters for float input.</param>
/// <param name="TokenCount">The number of tokens that one picture becomes.</param>
/// <param name="EmbeddingSize">The number of values per token and output.</param>
/// <param name="OutputCount">The number of outputs. With more than one, a token has the values of all outputs, one after the other.</param>
public sealed record EncoderShape(int Width, int Height, bool IsPlanar, int TokenCount, int EmbeddingSize, int OutputCount)
{
    /// <summary>The number of bytes of an input picture of 8-bit RGB.</summary>
    public int PixelBytes => Width * Height * 3;

    /// <summary>The number of values of one encoded picture.</summary>
    public int ValueCount => TokenCount * EmbeddingSize * OutputCount;
}
