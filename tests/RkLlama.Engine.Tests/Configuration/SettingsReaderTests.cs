using System.Net;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Configuration;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Host_names_are_names_without_a_port_or_domains()
    {
        Read([("hosts", "llm.example.org,*.below.example.org,*")], []).Hosts.Should().Equal("llm.example.org", "*.below.example.org", "*");
        FluentActions.Invoking(() => Read([("hosts", "http://llm.example.org")], [])).Should().Throw<SettingException>().WithMessage("--hosts: *");
    }

    [Fact]
    public void Without_settings_the_defaults_apply()
    {
        NodeOptions options = Read([], []);

        options.Port.Should().Be(8080);
        options.Host.Should().BeNull("all interfaces");
        options.ModelsDirectory.Should().EndWith("/RKLLAMA/models");
        options.QueueLength.Should().Be(64);
    }

    [Fact]
    public void The_command_line_overrides_RKLLAMA_PORT_which_overrides_PORT()
    {
        Read([("port", "1")], [("RKLLAMA_PORT", "2"), ("PORT", "3")]).Port.Should().Be(1);
        Read([], [("RKLLAMA_PORT", "2"), ("PORT", "3")]).Port.Should().Be(2);
        Read([], [("PORT", "3")]).Port.Should().Be(3);
    }

    [Theory]
    [InlineData("node-name", "RKLLAMA_NODE_NAME", "two words")]
    [InlineData("node-name", "RKLLAMA_NODE_NAME", "nöde")]
    [InlineData("agent-port", "RKLLAMA_AGENT_PORT", "65536")]
    [InlineData("agent-port", "RKLLAMA_AGENT_PORT", "none")]
    public void An_invalid_name_or_port_is_refused_with_its_source(string option, string variable, string value)
    {
        FluentActions.Invoking(() => Read([(option, value)], [])).Should().Throw<SettingException>().WithMessage($"--{option}: *");
        FluentActions.Invoking(() => Read([], [(variable, value)])).Should().Throw<SettingException>().WithMessage($"{variable}: *");
    }

    [Theory]
    [InlineData("/dev/zero", "is a device")]
    [InlineData("pipe", "is a named pipe")]
    [InlineData("large", "is larger than the limit for this file, 4 KiB")]
    public void A_key_file_that_is_no_small_regular_file_is_refused(string file, string reason)
    {
        using TempDirectory directory = new();
        directory.MakePipe("pipe");
        directory.Write("large", new string('k', 5000));

        FluentActions.Invoking(() => Read([], [("RKLLAMA_API_KEY_FILE", directory.At(file))])).Should().Throw<SettingException>()
            .WithMessage($"RKLLAMA_API_KEY_FILE: *{file}*{reason}*");
    }

    [Fact]
    public void An_ipv4_address_in_the_form_of_ipv6_is_the_ipv4_address() =>
        Read([("host", "::ffff:127.0.0.1")], []).Host.Should().Be(IPAddress.Loopback);

    [Fact]
    public void By_default_the_node_has_its_host_name_and_no_agent_port()
    {
        NodeOptions silent = Read([], []), said = Read([("node-name", "node1")], [("RKLLAMA_AGENT_PORT", "8081")]);

        (silent.NodeName, silent.AgentPort).Should().Be((Environment.MachineName, null));
        (said.NodeName, said.AgentPort).Should().Be(("node1", 8081));
    }

    [Fact]
    public void Every_option_has_a_variable()
    {
        NodeOptions options = Read([], [
            ("RKLLAMA_HOST", "127.0.0.1"), ("RKLLAMA_MODELS", "/m"), ("RKLLAMA_LIBRARY", "/l.so"), ("RKLLAMA_RKNN_LIBRARY", "/k.so"), ("RKLLAMA_TARGET_PLATFORM", "RK3576"),
            ("RKLLAMA_PRELOAD", "x, y"), ("RKLLAMA_QUEUE", "5"), ("RKLLAMA_DRAIN", "7"), ("RKLLAMA_RUNTIME_VERSION", "1.2.3")]);

        options.Should().BeEquivalentTo(new
        {
            Host = IPAddress.Loopback,
            ModelsDirectory = "/m",
            LibraryPath = "/l.so",
            RknnLibraryPath = "/k.so",
            TargetPlatform = "rk3576",
            Preload = new[] { "x", "y" },
            QueueLength = 5,
            DrainTimeout = TimeSpan.FromSeconds(7),
            RuntimeVersion = "1.2.3",
        });
    }

    [Theory]
    [InlineData("port", "eighty")]
    [InlineData("port", "-1")]
    [InlineData("port", "65536")]
    [InlineData("port", "")]
    [InlineData("host", "nowhere")]
    [InlineData("models", "")]
    [InlineData("target_platform", "rk3399")]
    [InlineData("queue", "many")]
    [InlineData("max-models", "0")]
    [InlineData("max-models", "some")]
    [InlineData("store", "some")]
    [InlineData("store", "-1")]
    [InlineData("linger", "3601")]
    [InlineData("prompt-cache", "much")]
    [InlineData("prompt-cache", "-1")]
    [InlineData("prompt-cache", "M")]
    [InlineData("prompt-cache", "2000G")]
    [InlineData("drain", "4000")]
    [InlineData("heartbeat", "0")]
    [InlineData("load-timeout", "0")]
    [InlineData("prefill-timeout", "0.0")]
    [InlineData("token-timeout", "0")]
    [InlineData("abort-grace", "0")]
    [InlineData("token-timeout", "NaN")]
    [InlineData("token-timeout", "-1")]
    [InlineData("max-connections", "0")]
    [InlineData("memory", "100")]
    [InlineData("read-only", "maybe")]
    [InlineData("constrained-output", "maybe")]
    [InlineData("api-key", "two words")]
    public void An_invalid_value_names_its_option(string name, string value)
    {
        Action byOption = () => Read([(name, value)], []);

        byOption.Should().Throw<SettingException>().WithMessage($"--{name}*");
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1000", 1000)]
    [InlineData("3k", 3 << 10)]
    [InlineData("512M", 512L << 20)]
    [InlineData("2G", 2L << 30)]
    public void A_size_has_an_optional_unit(string value, long bytes) => Read([("prompt-cache", value)], []).PromptCacheBytes.Should().Be(bytes);

    [Fact]
    public void Stored_answers_are_in_the_state_directory_of_the_unit_or_of_the_user()
    {
        Read([], [("STATE_DIRECTORY", "/var/lib/rkllama"), ("XDG_STATE_HOME", "/x"), ("HOME", "/home/me")]).StateDirectory.Should().Be("/var/lib/rkllama");
        Read([], [("XDG_STATE_HOME", "/x"), ("HOME", "/home/me")]).StateDirectory.Should().Be("/x/rkllama");
        Read([], [("HOME", "/home/me")]).StateDirectory.Should().Be("/home/me/.local/state/rkllama");
        Read([], []).StateDirectory.Should().BeNull();
    }

    [Fact]
    public void Store_and_linger_have_defaults_and_can_be_turned_off()
    {
        Read([], []).StoreBytes.Should().Be(64 << 20);
        Read([], []).Linger.Should().Be(TimeSpan.FromSeconds(120));
        Read([("store", "0"), ("linger", "0")], []).Should().Match<NodeOptions>(static options => options.StoreBytes == 0 && options.Linger == TimeSpan.Zero);
    }

    [Fact]
    public void The_cache_directory_is_that_of_the_unit_or_else_that_of_the_user()
    {
        Read([], [("CACHE_DIRECTORY", "/var/cache/rkllama:/other"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/home/me")]).CacheDirectory.Should().Be("/var/cache/rkllama");
        Read([], [("XDG_CACHE_HOME", "/x"), ("HOME", "/home/me")]).CacheDirectory.Should().Be("/x/rkllama");
        Read([], [("XDG_CACHE_HOME", "relative"), ("HOME", "/home/me")]).CacheDirectory.Should().Be("/home/me/.cache/rkllama");
        Read([], []).CacheDirectory.Should().BeNull();
    }

    [Fact]
    public void An_invalid_variable_is_named()
    {
        Action read = () => Read([], [("PORT", "eighty")]);

        read.Should().Throw<SettingException>().WithMessage("PORT: 'eighty'*");
    }

    private static NodeOptions Read((string Name, string Value)[] options, (string Name, string Value)[] environment) =>
        new SettingsReader(
            name => options.Where(option => option.Name == name).Select(option => option.Value).FirstOrDefault(),
            name => environment.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault()).Read();
}
