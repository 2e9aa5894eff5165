using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RkLlama.EndToEnd.Tests.Support;
using RkLlama.Hub.Tests.StandIn;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>The published server downloads over TLS and through proxies.</summary>
public sealed class PullNetworkTests : IAsyncLifetime
{
    private const string Repository = "someone/Demo-RK3588-RKLLM-1.2.3", File = "demo-w8a8-rk3588.rkllm";
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-tls-").FullName;
    private readonly X509Certificate2 _certificate = SelfSigned("hub.test", "storage.test", "localhost");
    private StandInHub _hub = null!;

    private string CertificateFile => Path.Combine(_directory, "ca.pem");

    public async Task InitializeAsync()
    {
        await System.IO.File.WriteAllTextAsync(CertificateFile, _certificate.ExportCertificatePem());
        _hub = await StandInHub.StartAsync(_certificate);
        _hub.Add(Repository).Add(File, new Content(3_000_000, 1)).Add("tokenizer.json", "{}").Add("tokenizer_config.json", "{}");
    }

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        _certificate.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_certificate_that_nobody_has_signed_is_refused()
    {
        await using Node node = await StartAsync(("HF_ENDPOINT", LocalAddress));

        (int code, string output, string error) = await PullAsync(node);

        (code, output).Should().Be((1, ""));
        error.Split('\n')[^2].Should().StartWith("Error: the certificate of localhost is not accepted: ").And.Contain("set SSL_CERT_FILE");
        _hub.Requests.Should().BeEmpty();
        Directory.GetFileSystemEntries(node.Models).Should().BeEmpty();
    }

    [Fact]
    public async Task A_certificate_in_SSL_CERT_FILE_is_accepted()
    {
        _hub.StorageAddress = new($"https://localhost:{_hub.StorageAddress.Port}/");
        await using Node node = await StartAsync(("HF_ENDPOINT", LocalAddress), ("SSL_CERT_FILE", CertificateFile));

        (int code, _, string error) = await PullAsync(node);

        code.Should().Be(0, error);
    }

    [Theory]
    [InlineData("HTTPS_PROXY")]
    [InlineData("https_proxy")]
    [InlineData("ALL_PROXY")]
    public async Task A_proxy_of_the_environment_connects_to_the_hub_and_to_its_storage(string variable)
    {
        using ConnectProxy proxy = StartProxy();
        await using Node node = await StartAsync(("HF_ENDPOINT", "https://hub.test"), ("SSL_CERT_FILE", CertificateFile), (variable, proxy.Address));

        (int code, _, string error) = await PullAsync(node);

        code.Should().Be(0, error);
        proxy.Targets.Distinct().Should().BeEquivalentTo("hub.test:443", "storage.test:443");
        _hub.TokenReachedStorage.Should().BeFalse();
    }

    [Fact]
    public async Task Hosts_in_NO_PROXY_are_reached_without_the_proxy()
    {
        using ConnectProxy proxy = StartProxy();
        await using Node node = await StartAsync(("HF_ENDPOINT", "https://hub.test"), ("SSL_CERT_FILE", CertificateFile), ("HTTPS_PROXY", proxy.Address), ("NO_PROXY", ".test"));

        (int code, _, string error) = await PullAsync(node);

        // The name is known to the proxy only.
        code.Should().Be(1);
        error.Split('\n')[^2].Should().StartWith("Error: ").And.Contain("hub.test cannot be reached");
        proxy.Targets.Should().BeEmpty();
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named()
    {
        using ConnectProxy proxy = new ConnectProxy(static _ => 0).Start();
        await using Node node = await StartAsync(("HF_ENDPOINT", "https://hub.test"), ("HTTPS_PROXY", proxy.Address));

        (int code, _, string error) = await PullAsync(node);

        code.Should().Be(1);
        error.Split('\n')[^2].Should().StartWith("Error: ").And.Contain("the proxy refuses to connect to hub.test (status 403)");
        proxy.Targets.Should().ContainSingle("another try has the same result");
    }

    [Fact]
    public async Task A_proxy_that_wants_a_login_gets_that_of_its_address_or_the_error_says_where_to_put_it()
    {
        using ConnectProxy proxy = StartProxy("me:secret");
        (string, string?)[] environment = [("HF_ENDPOINT", "https://hub.test"), ("SSL_CERT_FILE", CertificateFile)];
        await using Node without = await StartAsync([.. environment, ("HTTPS_PROXY", proxy.Address)]);
        await using Node with = await StartAsync([.. environment, ("HTTPS_PROXY", proxy.Address.Replace("://", "://me:secret@", StringComparison.Ordinal))]);

        (int refused, _, string error) = await PullAsync(without);
        int unauthorized = proxy.Targets.Count;
        (int pulled, _, string reason) = await PullAsync(with);

        (refused, unauthorized).Should().Be((1, 0));
        error.Split('\n')[^2].Should().Be(
            "Error: the proxy refuses to connect to hub.test (status 407): it wants a user and a password. "
            + "Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT in the environment of the server.");
        pulled.Should().Be(0, reason);
        with.Log.Should().NotContain("secret");
    }

    private string LocalAddress => $"https://localhost:{_hub.Address.Port}";

    private ConnectProxy StartProxy(string? login = null)
    {
        int hub = _hub.Address.Port, storage = _hub.StorageAddress.Port;
        _hub.StorageAddress = new("https://storage.test/");
        return new ConnectProxy(name => name == "hub.test:443" ? hub : name == "storage.test:443" ? storage : 0, login).Start();
    }

    private static Task<(int Code, string Output, string Error)> PullAsync(Node node) => Tool.RunAsync(["pull", Repository], ("RKLLAMA_HOST", node.Address.ToString()));

    private static Task<Node> StartAsync(params (string Name, string? Value)[] environment) =>
        Node.StartAsync(null, null, [.. environment, ("HF_HUB_OFFLINE", null), ("RKLLAMA_TARGET_PLATFORM", "rk3588")]);

    private static X509Certificate2 SelfSigned(params string[] names)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=stand-in", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
            alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
