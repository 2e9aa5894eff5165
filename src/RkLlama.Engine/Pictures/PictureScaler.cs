namespace RkLlama.Engine.Pictures;

/// <summary>
/// Brings a picture to the size of an encoder's input, as the vendor's demos do: centred on a canvas of the pad colour that has the shape of the input, then
/// scaled. Bilinear; if the canvas is more than twice as large, each pixel is the mean of the area that it covers, because bilinear interpolation would skip pixels
/// then, and small text would become unreadable.
/// </summary>
internal static class PictureScaler
{
    private const int Channels = 3;

    /// <returns>8-bit RGB, row by row from the top: <paramref name="width"/> × <paramref name="height"/> × 3 bytes.</returns>
    internal static byte[] Fit(Picture picture, int width, int height, PadColour pad)
    {
        (int canvasWidth, int canvasHeight) = Canvas(picture, width, height);
        Taps[] columns = Taps.Of(canvasWidth, width, (canvasWidth - picture.Width) / 2, picture.Width);
        Taps[] rows = Taps.Of(canvasHeight, height, (canvasHeight - picture.Height) / 2, picture.Height);
        float[] padRow = PadRow(width, pad);

        float[] line = new float[width * Channels], sums = new float[width * height * Channels];
        for (int y = 0; y < height; y++)
            AddTo(sums.AsSpan(y * line.Length, line.Length), padRow, rows[y].Outside);

        // Each source row is scaled to the target width once, and then added to all target rows that it belongs to.
        int first = 0;
        for (int source = 0; source < picture.Height; source++)
        {
            ScaleRow(picture.Rgb.AsSpan(source * picture.Width * Channels, picture.Width * Channels), columns, pad, line);
            while (first < height && rows[first].End <= source)
                first++;
            for (int y = first; y < height && rows[y].Start <= source; y++)
            {
                if (source < rows[y].End)
                    AddTo(sums.AsSpan(y * line.Length, line.Length), line, rows[y].Weights[source - rows[y].Start]);
            }
        }

        return [.. sums.Select(static value => (byte)Math.Clamp((int)(value + 0.5f), 0, 255))];
    }

    /// <summary>The smallest canvas of the target's shape that contains the picture.</summary>
    private static (int Width, int Height) Canvas(Picture picture, int width, int height) =>
        (long)picture.Width * height >= (long)picture.Height * width
            ? (picture.Width, Math.Max(picture.Height, Divide((long)picture.Width * height, width)))
            : (Math.Max(picture.Width, Divide((long)picture.Height * width, height)), picture.Height);

    private static int Divide(long value, int by) => (int)((value + by - 1) / by);

    private static float[] PadRow(int width, PadColour pad)
    {
        float[] row = new float[width * Channels];
        for (int i = 0; i < row.Length; i += Channels)
            (row[i], row[i + 1], row[i + 2]) = (pad.Red, pad.Green, pad.Blue);
        return row;
    }

    private static void ScaleRow(ReadOnlySpan<byte> source, Taps[] columns, PadColour pad, Span<float> line)
    {
        for (int x = 0; x < columns.Length; x++)
        {
            Taps taps = columns[x];
            float red = pad.Red * taps.Outside, green = pad.Green * taps.Outside, blue = pad.Blue * taps.Outside;
            ReadOnlySpan<byte> pixels = source[(taps.Start * Channels)..(taps.End * Channels)];
            for (int i = 0; i < taps.Weights.Length; i++)
            {
                float weight = taps.Weights[i];
                red += pixels[i * Channels] * weight;
                green += pixels[(i * Channels) + 1] * weight;
                blue += pixels[(i * Channels) + 2] * weight;
            }

            (line[x * Channels], line[(x * Channels) + 1], line[(x * Channels) + 2]) = (red, green, blue);
        }
    }

    private static void AddTo(Span<float> sums, ReadOnlySpan<float> values, float weight)
    {
        if (weight == 0)
            return;
        for (int i = 0; i < sums.Length; i++)
            sums[i] += values[i] * weight;
    }

    /// <summary>What one target pixel takes from a line of the canvas. The weights of all pixels, and of those outside of the picture, have the sum 1.</summary>
    /// <param name="Start">The first pixel of the picture that counts.</param>
    /// <param name="Weights">The weights of this pixel and the following ones.</param>
    /// <param name="Outside">The weight of the pad colour.</param>
    private readonly record struct Taps(int Start, float[] Weights, float Outside)
    {
        internal int End => Start + Weights.Length;

        /// <param name="canvas">The length of the canvas.</param>
        /// <param name="target">The length of the target.</param>
        /// <param name="offset">The position of the picture in the canvas.</param>
        /// <param name="length">The length of the picture.</param>
        internal static Taps[] Of(int canvas, int target, int offset, int length)
        {
            double scale = (double)canvas / target;
            Taps[] all = new Taps[target];
            for (int i = 0; i < target; i++)
                all[i] = scale > 2 ? Area(i * scale, (i + 1) * scale, canvas, offset, length) : Linear(((i + 0.5) * scale) - 0.5, canvas, offset, length);
            return all;
        }

        private static Taps Area(double from, double to, int canvas, int offset, int length)
        {
            int first = (int)from, last = Math.Min((int)Math.Ceiling(to), canvas);
            int start = Math.Clamp(first - offset, 0, length), end = Math.Clamp(last - offset, start, length);
            float[] weights = new float[end - start];
            double inside = 0;
            for (int i = start; i < end; i++)
            {
                double weight = (Math.Min(i + offset + 1, to) - Math.Max(i + offset, from)) / (to - from);
                inside += weight;
                weights[i - start] = (float)weight;
            }

            return new(start, weights, (float)Math.Max(0, 1 - inside));
        }

        private static Taps Linear(double center, int canvas, int offset, int length)
        {
            int left = (int)Math.Floor(center);
            float right = (float)(center - left);
            int a = Math.Clamp(left, 0, canvas - 1) - offset, b = Math.Clamp(left + 1, 0, canvas - 1) - offset;
            bool hasA = a >= 0 && a < length, hasB = b >= 0 && b < length;
            return (hasA, hasB) switch
            {
                (true, true) when a == b => new(a, [1], 0),
                (true, true) => new(a, [1 - right, right], 0),
                (true, false) => new(a, [1 - right], right),
                (false, true) => new(b, [right], 1 - right),
                _ => new(Math.Clamp(a, 0, length), [], 1),
            };
        }
    }
}
