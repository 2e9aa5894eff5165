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

    [Fact]
    public void A_file_that_is_not_a_library_has_its_error_code()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, new string('x', 4096));

            Action load = () => RkllmLibrary.Load(file);

            load.Should().Throw<RkllmException>().Which.Code.Should().Be(RkllmErrorCode.LibraryNotLoadable);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_missing_shared_object_has_its_error_code()
    {
        Action load = () => RkllmLibrary.Load("/nowhere/librkllmrt.so");

        load.Should().Throw<RkllmException>().Which.Code.Should().Be(RkllmErrorCode.LibraryDependencyMissing);
    }
}
