using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>Which files of saved prefixes fit a model.</summary>
public sealed class PrefixIdentityTests : IDisposable
{
    private static readonly PrefixIdentity Saved = new("m", 100, 200, "edges", "prompts", "1.2.3", 4096);
    private readonly TempDirectory _files = new();

    public void Dispose() => _files.Dispose();

    public static TheoryData<string> Differences => ["name", "size", "time", "content", "prompts", "runtime", "context"];

    [Theory]
    [MemberData(nameof(Differences))]
    public void Every_difference_is_found(string property)
    {
        PrefixIdentity current = property switch
        {
            "name" => Saved with { Model = "other" },
            "size" => Saved with { ModelBytes = 1 },
            "time" => Saved with { ModelModified = 1 },
            "content" => Saved with { ModelEdges = "other" },
            "prompts" => Saved with { Prompts = "other" },
            "runtime" => Saved with { Runtime = "1.3.0" },
            _ => Saved with { ContextLength = 2048 },
        };

        Saved.FindDifference(current).Should().NotBeNull();
    }

    [Fact]
    public void The_same_identity_fits_and_what_is_not_known_before_the_load_is_not_compared()
    {
        Saved.FindDifference(Saved).Should().BeNull();
        Saved.FindDifference(Saved with { Runtime = "", ContextLength = 0 }).Should().BeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData((3 << 20) - 1)]
    public void A_change_at_the_beginning_or_at_the_end_of_the_model_file_is_found(int position)
    {
        string path = _files.At("m.rkllm");
        File.WriteAllBytes(path, new byte[3 << 20]);
        DateTime time = File.GetLastWriteTimeUtc(path);
        PrefixIdentity before = Read(path)!;

        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = position;
            file.WriteByte(1);
        }

        File.SetLastWriteTimeUtc(path, time);
        Read(path)!.FindDifference(before).Should().Contain("another model file");
    }

    [Fact]
    public void A_model_without_a_prompt_identity_or_a_file_has_none()
    {
        Read(_files.At("missing")).Should().BeNull();
        PrefixIdentity.Of(new("m", _files.Write("m.rkllm", "x"), 4096, 10, SamplingParameters.Default)).Should().BeNull();
    }

    private static PrefixIdentity? Read(string path) => PrefixIdentity.Of(new ModelLoadParameters("m", path, 4096, 10, SamplingParameters.Default) { PromptIdentity = "p" });
}
