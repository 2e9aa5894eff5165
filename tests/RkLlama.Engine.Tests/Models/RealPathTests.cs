using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class RealPathTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Links_are_followed_in_every_part_of_the_path()
    {
        string target = _root.Write("store/deep/file", "x");
        _root.Link("link", _root.At("store/deep"));

        RealPath.Resolve(_root.At("link/file")).Should().Be(target);
        RealPath.Resolve(_root.At("link/../deep/file")).Should().Be(target);
        RealPath.Resolve(_root.At("link/none")).Should().Be(_root.At("store/deep/none"));
    }

    [Fact]
    public void A_link_to_itself_ends()
    {
        _root.Link("loop", _root.At("loop"));

        RealPath.Resolve(_root.At("loop")).Should().Be(_root.At("loop"));
    }
}
