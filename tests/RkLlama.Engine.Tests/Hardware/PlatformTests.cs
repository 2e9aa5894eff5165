using RkLlama.Engine.Hardware;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Hardware;

public sealed class PlatformTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("rockchip,rk3588s-orangepi-5\0rockchip,rk3588\0", "rk3588")]
    [InlineData("rockchip,rk3576-evb\0rockchip,rk3576\0", "rk3576")]
    [InlineData("raspberrypi,5-model-b\0", null)]
    public void The_chip_is_read_from_the_device_tree(string compatible, string? name)
    {
        _root.Write("sys/firmware/devicetree/base/compatible", compatible);

        (Platform.Find(null, new Sysfs(_root.Path))?.Name).Should().Be(name);
    }

    [Fact]
    public void A_name_has_priority_over_the_device_tree()
    {
        Sysfs sysfs = new(_root.Path);

        Platform.Find("rk3576", sysfs).Should().BeSameAs(Platform.Rk3576);
        Platform.Find("rk3399", sysfs).Should().BeNull();
        Platform.Find(null, sysfs).Should().BeNull();
    }
}
