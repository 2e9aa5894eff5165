using RkLlama.Native;
using RkLlama.Server.Api.Common.Options;

namespace RkLlama.Server.Tests.Api.Common;

public sealed class SamplingOptionsTests
{
    [Fact]
    public void Fields_that_differ_from_the_loaded_values_are_reported_and_equal_ones_are_not()
    {
        SamplingParameters asked = new(40, 0.5f, 0.8f, 1.1f, 0, 0, 2, 4, 0.2f);

        SamplingOptions.FieldsFixedAtLoad(asked, SamplingParameters.Default).Should().Equal("top_p", "mirostat", "mirostat_tau", "mirostat_eta");
        SamplingOptions.FieldsFixedAtLoad(asked, asked).Should().BeEmpty();
    }

    [Fact]
    public void Fields_that_the_request_does_not_set_are_not_reported() =>
        SamplingOptions.FieldsFixedAtLoad(SamplingParameters.Default, SamplingParameters.Default).Should().BeEmpty();
}
