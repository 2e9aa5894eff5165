using System.Runtime.Versioning;
using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelFileCheckTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_plausible_file_has_no_problem() => Describe(new string('m', 64)).Should().BeNull();

    [Fact]
    public void A_link_to_a_plausible_file_has_no_problem()
    {
        string target = _directory.Write("real.rkllm", new string('m', 1000));

        ModelFileCheck.FindProblem(_directory.Link("link.rkllm", target)).Should().BeNull();
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("short", "only 5 bytes")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef0123456789abcdef\nsize 1900000000\n", "pointer of 103 bytes, not the model; fetch the model itself with 'git lfs pull'")]
    [InlineData("GGUF\u0003", "GGUF file of 5 bytes")]
    [InlineData("<!DOCTYPE html><html>", "web page of 21 bytes")]
    [InlineData("\n  <HTML lang=\"en\">", "web page")]
    [InlineData("\uFEFF<!doctype html>", "web page")]
    public void A_file_that_is_no_model_is_a_problem(string content, string expected) =>
        Describe(content).Should().Contain(expected).And.EndWith(".");

    [Fact]
    public void A_missing_file_is_a_problem() =>
        ModelFileCheck.FindProblem(_directory.At("sub/none.rkllm")).Should().Contain("does not exist").And.Contain("FROM");

    [Fact]
    public void A_broken_link_names_its_target() =>
        ModelFileCheck.FindProblem(_directory.Link("a.rkllm", "/nowhere/b.rkllm")).Should().Contain("is a link to '/nowhere/b.rkllm', which does not exist");

    [Fact]
    public void A_link_to_itself_is_a_problem() =>
        ModelFileCheck.FindProblem(_directory.Link("a.rkllm", "a.rkllm")).Should().Contain("link");

    [Fact]
    public void A_pipe_does_not_block()
    {
        string pipe = _directory.MakePipe("a.rkllm");

        ModelFileCheck.FindProblem(pipe).Should().Contain("is a named pipe");
    }

    [Fact]
    public void A_directory_is_a_problem() => ModelFileCheck.FindProblem(_directory.Path).Should().Contain("is a directory");

    [Fact]
    [SupportedOSPlatform("linux")]
    public void An_unreadable_file_is_a_problem()
    {
        string path = _directory.Write("a.rkllm", new string('m', 64));
        File.SetUnixFileMode(path, UnixFileMode.None);

        string? description = ModelFileCheck.FindProblem(path);

        if (Environment.IsPrivilegedProcess)
        {
            // root can read every file.
            description.Should().BeNull();
        }
        else
        {
            description.Should().Contain("may not be read");
        }
    }

    private string? Describe(string content) => ModelFileCheck.FindProblem(_directory.Write("a.rkllm", content));
}
