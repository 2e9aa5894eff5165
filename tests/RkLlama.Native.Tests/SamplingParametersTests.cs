namespace RkLlama.Native.Tests;

public sealed class SamplingParametersTests
{
    [Fact]
    public void Each_missing_value_falls_back_on_its_own()
    {
        SamplingParameters request = new(Temperature: 0.2f);
        SamplingParameters model = new(TopK: 20, Temperature: 1f);

        request.WithFallback(model).Should().Be(new SamplingParameters(TopK: 20, Temperature: 0.2f));
    }
}
