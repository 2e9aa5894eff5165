namespace RkLlama.Engine.Pictures;

/// <summary>A decoded picture: 8-bit RGB, row by row from the top.</summary>
/// <param name="Rgb"><paramref name="Width"/> × <paramref name="Height"/> × 3 bytes.</param>
internal sealed record Picture(int Width, int Height, byte[] Rgb);

/// <summary>The colour of the bars beside a picture that has another shape than the encoder's input.</summary>
internal readonly record struct PadColour(byte Red, byte Green, byte Blue)
{
    /// <summary>The gray that the vendor's demos use.</summary>
    internal static PadColour Default { get; } = new(128, 128, 128);
}
