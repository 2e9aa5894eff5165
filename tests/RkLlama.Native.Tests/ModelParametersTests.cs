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
    public void The_runtime_gets_the_big_cores_and_never_more_than_there_are(int processors, uint expected)
    {
        ModelParameters.BigCores(processors).Should().Be(expected);
    }

    [Fact]
    public void Sampling_values_fall_back_one_by_one()
    {
        SamplingParameters request = new(Temperature: 0.2f);
        SamplingParameters model = new(TopK: 20, Temperature: 1f);

        request.WithFallback(model).Should().Be(new SamplingParameters(TopK: 20, Temperature: 0.2f));
    }
}
