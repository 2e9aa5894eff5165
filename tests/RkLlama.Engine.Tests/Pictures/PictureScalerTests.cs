using RkLlama.Engine.Pictures;

namespace RkLlama.Engine.Tests.Pictures;

public sealed class PictureScalerTests
{
    private static readonly PadColour Pad = new(10, 20, 30);

    [Fact]
    public void A_picture_of_the_right_size_is_not_changed()
    {
        Picture picture = Make(4, 4, (x, y) => ((byte)(x * 10), (byte)(y * 10), (byte)(x + y)));

        PictureScaler.Fit(picture, 4, 4, Pad).Should().Equal(picture.Rgb);
    }

    [Fact]
    public void A_wide_picture_has_bars_above_and_below()
    {
        Picture picture = Make(4, 2, (x, y) => ((byte)(100 + x), (byte)(200 + y), 1));

        byte[] fitted = PictureScaler.Fit(picture, 4, 4, Pad);

        byte[] bar = [10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30];
        fitted.Should().Equal([.. bar, .. picture.Rgb, .. bar]);
    }

    [Fact]
    public void A_high_picture_has_bars_at_both_sides()
    {
        byte[] fitted = PictureScaler.Fit(Make(1, 3, (_, y) => ((byte)y, 0, 0)), 3, 3, Pad);

        fitted.Should().Equal(10, 20, 30, 0, 0, 0, 10, 20, 30, 10, 20, 30, 1, 0, 0, 10, 20, 30, 10, 20, 30, 2, 0, 0, 10, 20, 30);
    }

    [Fact]
    public void Enlarging_interpolates_between_the_centres_of_pixels()
    {
        byte[] fitted = PictureScaler.Fit(Make(2, 2, (x, _) => ((byte)(x * 100), 0, 0)), 4, 4, Pad);

        fitted.Take(12).Where((_, i) => i % 3 == 0).Should().Equal(0, 25, 75, 100);
    }

    [Fact]
    public void Shrinking_by_more_than_two_takes_the_mean_of_all_pixels()
    {
        Picture board = Make(40, 40, (x, y) => (x + y) % 2 == 0 ? ((byte)255, (byte)0, (byte)200) : ((byte)0, (byte)255, (byte)100));

        byte[] fitted = PictureScaler.Fit(board, 5, 5, Pad);

        fitted.Chunk(3).Should().OnlyContain(pixel => pixel[0] == 128 && pixel[1] == 128 && pixel[2] == 150);
    }

    [Theory]
    [InlineData(97, 61, 32, 32)]
    [InlineData(61, 97, 40, 24)]
    [InlineData(33, 33, 30, 30)]
    [InlineData(7, 5, 30, 30)]
    public void The_result_is_that_of_a_plain_resize_of_the_padded_picture(int width, int height, int toWidth, int toHeight)
    {
        Picture picture = Make(width, height, (x, y) => ((byte)(x * 37 % 256), (byte)(y * 91 % 256), (byte)((x * y) % 256)));

        byte[] fitted = PictureScaler.Fit(picture, toWidth, toHeight, Pad);

        byte[] expected = Resize(picture, toWidth, toHeight);
        fitted.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThanOrEqualTo(1);
    }

    [Theory]
    [InlineData(1, 5000)]
    [InlineData(5000, 1)]
    [InlineData(1, 1)]
    public void A_strip_is_fitted(int width, int height)
    {
        byte[] fitted = PictureScaler.Fit(Make(width, height, (_, _) => (255, 255, 255)), 16, 16, Pad);

        fitted.Should().HaveCount(16 * 16 * 3);
        fitted.Max().Should().BeGreaterThan(30);
    }

    /// <summary>The same by another way: pads first, then takes the mean of the area of each target pixel, or interpolates, in two dimensions at once.</summary>
    private static byte[] Resize(Picture picture, int width, int height)
    {
        bool isWide = picture.Width * height >= picture.Height * width;
        int canvasWidth = isWide ? picture.Width : (int)Math.Ceiling((double)picture.Height * width / height);
        int canvasHeight = isWide ? (int)Math.Ceiling((double)picture.Width * height / width) : picture.Height;
        int left = (canvasWidth - picture.Width) / 2, top = (canvasHeight - picture.Height) / 2;
        double scaleX = (double)canvasWidth / width, scaleY = (double)canvasHeight / height;
        byte[] result = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < 3; c++)
                    result[(((y * width) + x) * 3) + c] = (byte)Math.Round(Value(x, y, c));
            }
        }

        return result;

        double At(int x, int y, int c)
        {
            x = Math.Clamp(x, 0, canvasWidth - 1) - left;
            y = Math.Clamp(y, 0, canvasHeight - 1) - top;
            bool isInside = x >= 0 && y >= 0 && x < picture.Width && y < picture.Height;
            return isInside ? picture.Rgb[(((y * picture.Width) + x) * 3) + c] : c switch { 0 => Pad.Red, 1 => Pad.Green, _ => Pad.Blue };
        }

        double Value(int x, int y, int c)
        {
            if (scaleX > 2)
                return Area(x, y, c);
            double sx = ((x + 0.5) * scaleX) - 0.5, sy = ((y + 0.5) * scaleY) - 0.5;
            int x0 = (int)Math.Floor(sx), y0 = (int)Math.Floor(sy);
            double fx = sx - x0, fy = sy - y0;
            return (At(x0, y0, c) * (1 - fx) * (1 - fy)) + (At(x0 + 1, y0, c) * fx * (1 - fy)) + (At(x0, y0 + 1, c) * (1 - fx) * fy) + (At(x0 + 1, y0 + 1, c) * fx * fy);
        }

        double Area(int x, int y, int c)
        {
            double sum = 0;
            for (int j = (int)(y * scaleY); j < (y + 1) * scaleY; j++)
            {
                for (int i = (int)(x * scaleX); i < (x + 1) * scaleX; i++)
                    sum += At(i, j, c) * Overlap(i, x * scaleX, (x + 1) * scaleX) * Overlap(j, y * scaleY, (y + 1) * scaleY);
            }

            return sum / (scaleX * scaleY);
        }

        static double Overlap(int pixel, double from, double to) => Math.Max(0, Math.Min(pixel + 1, to) - Math.Max(pixel, from));
    }

    private static Picture Make(int width, int height, Func<int, int, (byte Red, byte Green, byte Blue)> pixel)
    {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
            (rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2]) = pixel(i % width, i / width);
        return new(width, height, rgb);
    }
}
