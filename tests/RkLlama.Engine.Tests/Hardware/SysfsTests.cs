using RkLlama.Engine.Hardware;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Hardware;

public sealed class SysfsTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly Sysfs _sysfs;

    public SysfsTests() => _sysfs = new(_root.Path);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_value_is_read_without_line_break_and_NUL()
    {
        _root.Write("sys/governor", "userspace\n");
        _root.Write("sys/compatible", "rockchip,rk3588\0");

        _sysfs.Read("/sys/governor").Should().Be("userspace");
        _sysfs.Read("/sys/compatible").Should().Be("rockchip,rk3588");
    }

    [Fact]
    public void A_missing_value_has_a_reason()
    {
        _root.MakeDirectory("sys/directory");

        _sysfs.TryRead("/sys/nothing").Should().Be((null, ReadFailure.NotFound));
        _sysfs.TryRead("/nothing/nothing").Should().Be((null, ReadFailure.NotFound));
        _sysfs.TryRead("/sys/directory").Text.Should().BeNull();
        _sysfs.Read("/sys/nothing").Should().BeNull();
    }

    [Theory]
    [InlineData("42\n", 42L)]
    [InlineData("-1\n", -1L)]
    [InlineData("4 2\n", null)]
    [InlineData("<unsupported>\n", null)]
    [InlineData("", null)]
    public void ReadNumber_accepts_one_whole_number(string text, long? number)
    {
        _root.Write("sys/number", text);

        _sysfs.ReadNumber("/sys/number").Should().Be(number);
    }

    [Fact]
    public void Lists_are_split_at_blanks_and_empty_if_missing()
    {
        _root.Write("sys/list", "300000000 1000000000 \n");

        _sysfs.ReadWords("/sys/list").Should().Equal("300000000", "1000000000");
        _sysfs.ReadWords("/sys/nothing").Should().BeEmpty();
    }

    [Fact]
    public void Entries_have_the_prefix_and_are_ordered()
    {
        _root.Write("sys/policy4", "");
        _root.Write("sys/policy0", "");
        _root.Write("sys/other", "");

        _sysfs.ListEntries("/sys", "policy").Should().Equal("policy0", "policy4");
        _sysfs.ListEntries("/nothing", "").Should().BeEmpty();
    }

    [Fact]
    public void Write_replaces_the_value_of_an_existing_file()
    {
        _root.Write("sys/governor", "performance");

        _sysfs.Write("/sys/governor", "user");

        _sysfs.Read("/sys/governor").Should().Be("user");
        FluentActions.Invoking(() => _sysfs.Write("/sys/nothing", "1")).Should().Throw<IOException>();
    }
}
