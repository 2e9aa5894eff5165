namespace RkLlama.Native.Tests;

public sealed class ModelParametersTests
{
    [Theory]
    [InlineData(8, 0xF0u)]
    [InlineData(12, 0xF0u)]
    [InlineData(6, 0x3Cu)]
    [InlineData(4, 0x0Fu)]
    [InlineData(2, 0x03u)]
    [InlineData(1, 0x01u)]
    [InlineData(0, 0u)]
    public void BigCores_returns_only_cores_that_exist(int processors, uint expected)
    {
        ModelParameters.BigCores(processors).Should().Be(expected);
    }
}
