using RkLlama.Native.Tests.Support;
using RkLlama.Native.Vision;
using static RkLlama.Native.Tests.Support.LoadedLibrary;

namespace RkLlama.Native.Tests.Vision;

/// <summary>Pictures on their way through both libraries, on the simulator builds that this test run selects.</summary>
[Collection(LibraryCollection.Name)]
public sealed class ImageInputTests : IDisposable
{
    private static readonly ImageTags Tags = new("<|vision_start|>", "<|vision_end|>", "<|image_pad|>");

    private readonly LoadedLibrary _library;
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-images-").FullName;

    public ImageInputTests(LoadedLibrary library) => _library = library;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_language_model_sees_what_the_encoder_saw(int outputs)
    {
        using ImageEncoder encoder = Encoder(outputs);
        using RkllmModel model = Model(outputs);

        (string text, RunEnd end, _) = Ask(model, "!see <image>", Encode(encoder, Picture(255, 128, 0)));

        text.Should().Be("picture 1 of 1, 8x8: top left #ff8000 (orange), top right #ff8000 (orange), bottom left #ff8000 (orange), bottom right #ff8000 (orange)");
        end.Reason.Should().Be(RunEndReason.Stop);
    }

    [Fact]
    public void The_strings_around_an_image_reach_the_library()
    {
        using ImageEncoder encoder = Encoder(1);
        using RkllmModel model = Model(1);

        (string text, _, _) = Ask(model, "!image <image>", Encode(encoder, Picture(1, 2, 3)));

        text.Should().MatchRegex("^1:[0-9a-f]{16} start=<\\|vision_start\\|> end=<\\|vision_end\\|> content=<\\|image_pad\\|>$");
        System.Text.Json.JsonElement run = _library.LastCall("rkllm_run");
        run.GetProperty("input_type").GetInt32().Should().Be(3);
        run.GetProperty("n_image_tokens").GetInt32().Should().Be(4);
        if (IsAtLeast(1, 2, 1))
        {
            run.GetProperty("n_image").GetInt32().Should().Be(1);
            (run.GetProperty("image_width").GetInt32(), run.GetProperty("image_height").GetInt32()).Should().Be((8, 8));
            run.GetProperty("role").GetString().Should().Be("user");
        }
    }

    [Fact]
    public void Several_images_keep_their_order_from_1_2_1_on()
    {
        using ImageEncoder encoder = Encoder(1);
        using RkllmModel model = Model(1);
        float[] both = [.. encoder.Encode(Picture(255, 0, 0)), .. encoder.Encode(Picture(0, 0, 255))];

        Func<string> ask = () => Ask(model, "!see <image> <image>", new(both, 2, 4, 8, 8)).Text;

        if (IsAtLeast(1, 2, 1))
            ask().Should().MatchRegex("^picture 1 of 2, 8x8: top left #ff0000 .*; picture 2 of 2, 8x8: top left #0000ff ");
        else
            ask.Should().Throw<ArgumentException>().WithMessage("*cannot read 2 images*");
    }

    [Fact]
    public void The_same_image_again_is_prefilled_once_from_1_2_1_on()
    {
        if (!IsAtLeast(1, 2, 1))
            return;
        using ImageEncoder encoder = Encoder(1);
        using RkllmModel model = Model(1);
        ImageInput image = Encode(encoder, Picture(9, 9, 9));

        int first = Ask(model, "<image> What is it?", image).End.Statistics!.PrefillTokens;
        int again = Ask(model, "<image> What else?", image).End.Statistics!.PrefillTokens;
        int other = Ask(model, "<image> What else?", Encode(encoder, Picture(9, 9, 10))).End.Statistics!.PrefillTokens;

        again.Should().BeLessThan(first - 5);
        other.Should().BeGreaterThan(again + 5);
    }

    [Fact]
    public void A_text_without_a_place_for_its_image_ends_with_an_error()
    {
        using ImageEncoder encoder = Encoder(1);
        using RkllmModel model = Model(1);

        (_, RunEnd end, _) = Ask(model, "no place", Encode(encoder, Picture(1, 2, 3)));
        (string text, _, _) = LoadedLibrary.Ask(model, "!echo still alive");

        end.Reason.Should().Be(RunEndReason.Error);
        end.Error.Should().Be("the runtime returned without finishing the answer");
        text.Should().Be("still alive");
    }

    [Fact]
    public void A_model_without_strings_for_images_gets_none()
    {
        using ImageEncoder encoder = Encoder(1);
        using RkllmModel model = _library.Load();

        Action ask = () => Ask(model, "!see <image>", Encode(encoder, Picture(1, 2, 3)));

        ask.Should().Throw<ArgumentException>();
    }

    private ImageEncoder Encoder(int outputs)
    {
        string path = Path.Combine(_directory, "encoder.rknn");
        File.WriteAllText(path, $"RKSIMNN1\n{{\"px\": 8, \"tokens\": 4, \"embed\": 16, \"outputs\": {outputs}}}\n");
        return ImageEncoder.Load(RknnLibrary.Load(TestPaths.RknnLibrary), path, 3);
    }

    private RkllmModel Model(int outputs)
    {
        string path = Path.Combine(_directory, "vision.rkllm");
        File.WriteAllText(path, $$"""
            RKSIMULATOR1
            {"embd": 16, "image_outputs": {{outputs}}, "template": "chatml", "pieces": ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]}
            """);
        return _library.Load(parameters => parameters with { ModelPath = path, ImageTags = Tags });
    }

    private static ImageInput Encode(ImageEncoder encoder, byte[] picture) => new(encoder.Encode(picture), 1, encoder.Shape.TokenCount, 8, 8);

    private static (string Text, RunEnd End, int Pieces) Ask(RkllmModel model, string message, ImageInput images) =>
        Read(model.Generate(Text(message) with { Images = images }, RunParameters.Default, CancellationToken.None));

    private static byte[] Picture(byte red, byte green, byte blue) => [.. Enumerable.Range(0, 64).SelectMany(_ => new[] { red, green, blue })];
}
