namespace RkLlama.Native.Tests;

public sealed class RkllmLibraryTests
{
    [Fact]
    public void A_file_that_is_no_library_has_its_code()
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
    public void A_missing_shared_object_has_its_code()
    {
        Action load = () => RkllmLibrary.Load("/nowhere/librkllmrt.so");

        load.Should().Throw<RkllmException>().Which.Code.Should().Be(RkllmErrorCode.LibraryDependencyMissing);
    }
}
