using RkLlama.Native.Tests.Support;
using RkLlama.Native.Vision;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests.Vision;

/// <summary>The encoder on the simulator of <c>librknnrt.so</c>, whose rows begin with the mean colour of a part of the picture: simulator/rknn/pixels.h.</summary>
[Collection(LibraryCollection.Name)]
public sealed class ImageEncoderTests : IDisposable
{
    private const string Tiny = "\"px\": 8, \"tokens\": 4, \"embed\": 16";

    private readonly RknnLibrary _library = RknnLibrary.Load(TestPaths.RknnLibrary);
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-encoder-").FullName;

    public ImageEncoderTests(LoadedLibrary library) => _ = library;

    public void Dispose()
    {
        Set("RKLLM_SIMULATOR_FAULT", null);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void The_library_is_identified() => (_library.Version, _library.Warning).Should().Be(("2.3.2", null));

    [Theory]
    [InlineData("\"px\": 448, \"tokens\": 196, \"embed\": 2048, \"outputs\": 4", 448, false, 196, 2048, 4)]
    [InlineData("\"px\": 392, \"tokens\": 196, \"embed\": 1536, \"leading_one\": true", 392, false, 196, 1536, 1)]
    [InlineData("\"px\": 476, \"tokens\": 289, \"embed\": 2048, \"fmt\": \"NCHW\"", 476, true, 289, 2048, 1)]
    public void Sizes_come_from_the_attributes_of_the_encoder(string model, int side, bool isPlanar, int tokens, int size, int outputs)
    {
        using ImageEncoder encoder = Load(model);

        encoder.Shape.Should().Be(new EncoderShape(side, side, isPlanar, tokens, size, outputs));
    }

    [Fact]
    public void Pixels_are_encoded_in_their_order_and_their_colours()
    {
        using ImageEncoder encoder = Load(Tiny);

        float[] values = encoder.Encode(Quarters());

        float[][] rows = [.. values.Chunk(16)];
        rows.Select(row => (row[0], row[1], row[2])).Should().Equal((1f, 0f, 0f), (0f, 1f, 0f), (0f, 0f, 1f), (0.4f, 0.4f, 0.4f));
        rows.Select(row => row[5] * 4096).Should().Equal(0, 1, 2, 3);
    }

    [Fact]
    public void The_rows_of_several_outputs_of_a_token_follow_each_other()
    {
        using ImageEncoder encoder = Load(Tiny + ", \"outputs\": 4");

        float[][] rows = [.. encoder.Encode(Quarters()).Chunk(16)];

        rows.Select(row => (Token: row[5] * 4096, Output: row[6] * 16)).Should().Equal(
            from token in Enumerable.Range(0, 4) from output in Enumerable.Range(0, 4) select ((float)token, (float)output));
    }

    [Fact]
    public void Values_that_the_caller_normalised_give_the_same_embeddings()
    {
        using ImageEncoder pixels = Load(Tiny);
        using ImageEncoder normalized = Load(Tiny + ", \"fmt\": \"NCHW\", \"normalize\": \"half\"");
        byte[] rgb = Quarters();
        float[] planes = new float[rgb.Length];
        for (int i = 0; i < rgb.Length; i++)
            planes[(i % 3 * 64) + (i / 3)] = (rgb[i] / 127.5f) - 1;

        normalized.Encode(planes).Should().Equal(pixels.Encode(rgb));
    }

    [Fact]
    public void A_picture_of_another_size_is_refused_before_the_library_sees_it()
    {
        using ImageEncoder encoder = Load(Tiny);

        Action encode = () => encoder.Encode(new byte[191]);

        encode.Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void All_outputs_are_released_after_each_picture_also_after_a_failure()
    {
        using ImageEncoder encoder = Load(Tiny + ", \"outputs\": 4");
        Set("RKLLM_SIMULATOR_FAULT", "rknn_run@1:-2,rknn_outputs@2:-9");

        // The simulator aborts the process at a run with outputs that are not released.
        Action encode = () => encoder.Encode(Quarters());
        List<RknnStatus> failures = [];
        for (int i = 0; i < 5; i++)
        {
            try
            {
                encode();
            }
            catch (RknnException ex)
            {
                failures.Add(ex.Status);
            }
        }

        failures.Should().NotBeEmpty().And.BeSubsetOf([RknnStatus.Timeout, RknnStatus.InvalidOutput]);
    }

    [Theory]
    [InlineData("\"platform\": \"rk3576\"", RknnStatus.TargetPlatformMismatch, "converted for another platform")]
    [InlineData("\"fault\": \"rknn_init:-6\"", RknnStatus.InvalidModel, "domain 0 has no room")]
    [InlineData("\"fault\": \"rknn_init:-3\"", RknnStatus.DeviceUnavailable, "not available")]
    public void A_load_that_fails_names_the_reason(string model, RknnStatus status, string reason)
    {
        Action load = () => Load(model);

        RknnException failure = load.Should().Throw<RknnException>().Which;
        failure.Status.Should().Be(status);
        failure.Message.Should().Contain($"rknn_init returned {(int)status}").And.Contain(reason);
    }

    [Fact]
    public void A_file_that_is_not_an_encoder_is_refused()
    {
        Action load = () => ImageEncoder.Load(_library, TestPaths.DemoModel, 3);

        load.Should().Throw<RknnException>().Which.Status.Should().Be(RknnStatus.InvalidModel);
    }

    private ImageEncoder Load(string model)
    {
        string path = Path.Combine(_directory, $"{Guid.NewGuid():N}.rknn");
        File.WriteAllText(path, $"RKSIMNN1\n{{{model}}}\n");
        return ImageEncoder.Load(_library, path, 3);
    }

    /// <summary>8×8 pixels: a red, a green, a blue and a gray quarter.</summary>
    private static byte[] Quarters()
    {
        byte[][] colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [102, 102, 102]];
        return [.. from y in Enumerable.Range(0, 8) from x in Enumerable.Range(0, 8) from value in colours[(y / 4 * 2) + (x / 4)] select value];
    }
}
