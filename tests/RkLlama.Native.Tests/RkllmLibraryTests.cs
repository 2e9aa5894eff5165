using RkLlama.Native.Tests.Support;

namespace RkLlama.Native.Tests;

[Collection(LibraryCollection.Name)]
public sealed class RkllmLibraryTests(LoadedLibrary library)
{
    [Fact]
    public void The_library_is_identified()
    {
        library.Library.Identity.Family.Should().Be(TestPaths.Runtime switch
        {
            "1.1.4" => RuntimeFamily.V11,
            "1.2.0" => RuntimeFamily.V120,
            "1.2.3" => RuntimeFamily.V121,
            "1.3.0" => RuntimeFamily.V130,
            _ => RuntimeFamily.V131,
        });
    }
}
