using System.Text;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileReaderTests
{
    [Theory]
    [InlineData("FROM: x", 1, 5, "neither KEY=value nor KEY value")]
    [InlineData("FROM : x", 1, 6, "neither KEY=value nor KEY value")]
    [InlineData("FROM=x\n\n  this is junk\n", 3, 3, "neither KEY=value nor KEY value")]
    [InlineData("FROM=x\r\n<html lang>\r\n", 2, 1, "neither KEY=value nor KEY value")]
    [InlineData("FROM=x y\nSYSTEM=\"open\n", 2, 8, "not closed")]
    [InlineData("FROM=x y\nSYSTEM='open\n\n", 2, 8, "not closed")]
    [InlineData("FROM=\"x\" junk", 1, 10, "follows the closing quote")]
    [InlineData("FROM \"x\" junk", 1, 10, "follows the closing quote")]
    [InlineData("FROM=\"x\nSYSTEM=\"y\"\n", 1, 6, "closing quote missing")]
    [InlineData("FROM=x y\n=5", 2, 1, "key is missing")]
    [InlineData("FROM=x y\n'KEY = 5", 2, 1, "around the key is not closed")]
    [InlineData("'FROM' x", 1, 1, "neither KEY=value nor KEY value")]
    public void An_invalid_line_has_line_and_column(string text, int line, int column, string reason)
    {
        ModelfileException error = Fail(text);

        error.Message.Should().StartWith($"Modelfile:{line}:{column}: ").And.Contain(reason);
        (error.File, error.Line, error.Column).Should().Be(("Modelfile", line, column));
    }

    [Theory]
    [InlineData("SYSTEM=\"\"\"open\nend\n", "these triple quotes are not closed")]
    [InlineData("SYSTEM='''open\nend''\n", "these triple quotes are not closed")]
    [InlineData("SYSTEM=\"\"\"a\"\"\" b\n", "text follows the closing quote")]
    public void Triple_quotes_that_are_not_closed_are_an_error(string line, string reason)
    {
        ModelfileException error = Fail("FROM=a b\n" + line);

        error.Message.Should().StartWith("Modelfile:2:").And.Contain(reason);
    }

    [Theory]
    [InlineData("TEMPERATURE=hot", "TEMPERATURE is 'hot'; it must be a number from 0 to 2", 13)]
    [InlineData("TEMPERATURE = \"hot\"", "TEMPERATURE is 'hot'; it must be a number from 0 to 2", 15)]
    [InlineData("NUM_CTX 12", "NUM_CTX is '12'; it must be a whole number from 32 to 1048576", 9)]
    public void A_value_out_of_range_names_key_value_range_and_position(string line, string reason, int column)
    {
        Fail("FROM=\"x\"\n" + line).Message.Should().Be($"Modelfile:2:{column}: {reason}");
    }

    [Fact]
    public void The_message_has_the_path()
    {
        using TempDirectory directory = new();
        string path = directory.Write("Modelfile", "FROM=x\nTOP_K=many\n");

        Action read = () => ModelfileReader.Read(path);

        read.Should().Throw<ModelfileException>().WithMessage($"{path}:2:7: TOP_K is 'many'; *").Which.File.Should().Be(path);
    }

    [Fact]
    public void A_file_larger_than_the_limit_is_refused()
    {
        using TempDirectory directory = new();
        string fits = directory.Write("fits", "FROM=x\n#" + new string('c', ModelfileReader.MaxBytes - 8));
        string tooLarge = directory.Write("too-large", "FROM=x\n#" + new string('c', ModelfileReader.MaxBytes - 7));

        Action read = () => ModelfileReader.Read(tooLarge);

        ModelfileReader.Read(fits).From.Should().Be("x");
        read.Should().Throw<ModelfileException>().WithMessage("*larger than the limit for this file, 64 KiB");
    }

    [Fact]
    public void A_device_or_a_named_pipe_is_refused()
    {
        using TempDirectory directory = new();

        Action readDevice = () => ModelfileReader.Read("/dev/zero");
        Action readPipe = () => ModelfileReader.Read(directory.MakePipe("Modelfile"));

        readDevice.Should().Throw<ModelfileException>().WithMessage("*is a device, not a regular file");
        readPipe.Should().Throw<ModelfileException>().WithMessage("*is a named pipe, not a regular file");
    }

    [Fact]
    public void Invalid_UTF8_has_its_position()
    {
        using TempDirectory directory = new();
        string path = directory.Write("Modelfile");
        File.WriteAllBytes(path, [.. "FROM=x\nSYSTEM=\u00e9"u8, 0xE9, .. "\n"u8]);

        Action read = () => ModelfileReader.Read(path);

        read.Should().Throw<ModelfileException>().WithMessage($"{path}:2:9: byte 0xE9 is not UTF-8*");
    }

    [Fact]
    public void A_UTF16_file_is_recognized()
    {
        using TempDirectory directory = new();
        string path = directory.Write("Modelfile");
        File.WriteAllText(path, "FROM=x\n", Encoding.Unicode);

        Action read = () => ModelfileReader.Read(path);

        read.Should().Throw<ModelfileException>().WithMessage("*UTF-16*");
    }

    [Theory]
    [InlineData("FROM=x\0y")]
    [InlineData("FROM=\"x\\u0000y\"")]
    public void A_NUL_is_refused(string text) => Fail(text).Reason.Should().Contain("NUL");

    [Fact]
    public void Deep_nesting_does_not_end_the_process()
    {
        string brackets = new('[', 200_000);
        string tables = string.Concat(Enumerable.Repeat("{a=", 100_000));

        ModelfileReader.Parse("FROM=\"x\"\nA=" + brackets).From.Should().Be("x");
        ModelfileReader.Parse("FROM=\"x\"\nA=" + tables).From.Should().Be("x");
    }

    private static ModelfileException Fail(string text)
    {
        Action read = () => ModelfileReader.Parse(text);
        return read.Should().Throw<ModelfileException>().Which;
    }
}
