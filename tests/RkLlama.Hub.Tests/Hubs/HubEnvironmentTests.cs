using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Tests.Hubs;

public class HubEnvironmentTests
{
    [Theory]
    [InlineData("HF_ENDPOINT", "ftp://mirror")]
    [InlineData("HF_ENDPOINT", "https://")]
    [InlineData("MODELSCOPE_ENDPOINT", "https:// mirror")]
    public void A_bad_address_of_a_hub_is_named_with_its_value(string name, string value)
    {
        Action read = () => HubEnvironment.Read(variable => variable == name ? value : null);

        read.Should().Throw<HubException>().WithMessage($"{name}: '{value}' is not the address of a hub*");
    }

    [Theory]
    [InlineData("https://hf-mirror.com/", "https://hf-mirror.com/")]
    [InlineData("hf-mirror.com", "https://hf-mirror.com/")]
    [InlineData(" http://10.0.0.1:8080/hub ", "http://10.0.0.1:8080/hub")]
    public void The_address_of_a_mirror_may_lack_its_scheme(string value, string expected)
    {
        HubOptions options = HubEnvironment.Read(variable => variable == "HF_ENDPOINT" ? value : null);

        options.HuggingFace.Should().Be(new Uri(expected));
    }
}
