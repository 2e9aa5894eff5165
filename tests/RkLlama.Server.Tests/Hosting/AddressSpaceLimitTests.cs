using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Hosting;

namespace RkLlama.Server.Tests.Hosting;

public sealed class AddressSpaceLimitTests
{
    [Theory]
    [InlineData("1073741824", 256, "*limited to 1024 MiB, and it needs 2560 MiB*")]
    [InlineData("2684354560", 257, "*limited to 2560 MiB, and it needs 2562 MiB*")]
    [InlineData("2684354560", 256, null)]
    [InlineData("unlimited", 256, null)]
    public void The_server_does_not_start_with_too_little_address_space(string limit, int memory, string? problem)
    {
        using TempDirectory root = new();
        root.Write("proc/self/limits", $"Max open files            1024                 4096                 files     \nMax address space         {limit}           unlimited            bytes     \n");

        string? found = AddressSpaceLimit.FindProblem(new() { ModelsDirectory = root.Path, SysfsRoot = root.Path, MemoryMiB = memory });

        if (problem is null)
            found.Should().BeNull();
        else
            found.Should().Match(problem);
    }
}
