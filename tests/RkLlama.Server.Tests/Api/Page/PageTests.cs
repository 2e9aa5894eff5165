using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Api.Page;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Page;

/// <summary>The page for browsers: its files, their headers, and the redirects to it.</summary>
public sealed class PageTests
{
    private const string Html = "<!doctype html><title>Page</title>";
    private const string BrowserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    [Fact]
    public async Task The_page_is_sent_compressed_with_headers_that_restrict_it()
    {
        await using TestServer server = await StartAsync();

        using HttpResponseMessage response = await GetAsync(server, "/ui/", "gzip, deflate");

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentEncoding.Should().Equal("gzip");
        response.Content.Headers.ContentType!.ToString().Should().Be("text/html; charset=utf-8");
        response.Headers.GetValues("Content-Security-Policy").Single().Should().Be(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; form-action 'none'; base-uri 'none'; "
            + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
        response.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        response.Headers.GetValues("X-Frame-Options").Should().Equal("DENY");
        response.Headers.GetValues("Referrer-Policy").Should().Equal("no-referrer");
        response.Headers.GetValues("Cross-Origin-Resource-Policy").Should().Equal("same-origin");
        response.Headers.CacheControl!.ToString().Should().Be("no-cache");
        response.Headers.Vary.Should().Equal("Accept-Encoding");
        (await DecompressAsync(response)).Should().Be(Html);
    }

    [Fact]
    public async Task A_client_that_accepts_no_gzip_gets_the_plain_file()
    {
        await using TestServer server = await StartAsync();

        using HttpResponseMessage refuses = await GetAsync(server, "/ui/", "gzip;q=0"), lacks = await GetAsync(server, "/ui/");

        (await refuses.Content.ReadAsStringAsync()).Should().Be(Html);
        (await lacks.Content.ReadAsStringAsync()).Should().Be(Html);
        lacks.Content.Headers.ContentEncoding.Should().BeEmpty();
    }

    [Fact]
    public async Task A_client_with_the_current_copy_gets_304()
    {
        await using TestServer server = await StartAsync();
        using HttpResponseMessage first = await GetAsync(server, "/ui/", "gzip");

        using HttpResponseMessage second = await GetAsync(server, "/ui/", "gzip", request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        using HttpResponseMessage plain = await GetAsync(server, "/ui/", null, request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));

        second.StatusCode.Should().Be(HttpStatusCode.NotModified);
        second.Headers.ETag.Should().Be(first.Headers.ETag);
        plain.StatusCode.Should().Be(HttpStatusCode.OK, "the uncompressed file is another representation");
    }

    [Theory]
    [InlineData("/ui/app-5QJHZ3XT.js", "public, max-age=31536000, immutable", "text/javascript")]
    [InlineData("/ui/icon.svg", "no-cache", "image/svg+xml")]
    public async Task Files_whose_names_have_a_hash_are_cached_for_ever(string path, string expected, string type)
    {
        await using TestServer server = await StartAsync();

        using HttpResponseMessage response = await GetAsync(server, path, "gzip");

        response.Headers.CacheControl!.ToString().Split(", ").Should().BeEquivalentTo(expected.Split(", "));
        response.Content.Headers.ContentType!.MediaType.Should().Be(type);
    }

    [Fact]
    public async Task The_page_needs_no_key()
    {
        await using TestServer server = await StartAsync(options => options with { ApiKey = "secret" });

        using HttpResponseMessage page = await GetAsync(server, "/ui/"), missing = await GetAsync(server, "/ui/absent.js"), posted = await server.PostAsync("/ui/", "{}");

        page.StatusCode.Should().Be(HttpStatusCode.OK);
        missing.StatusCode.Should().Be(HttpStatusCode.NotFound);
        posted.StatusCode.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.MethodNotAllowed);
    }

    [Theory]
    [InlineData(BrowserAccept, true)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", false)]
    [InlineData("text/html;q=0,application/xhtml+xml", false)]
    [InlineData("application/json,text/html;q=0.9,application/xhtml+xml;q=0.1", false)]
    [InlineData("application/json, text/html, application/xhtml+xml", false)]
    [InlineData("text/html;q=0.5, application/xhtml+xml, */*;q=0.8", false)]
    [InlineData("text/html;q=0.9, application/xhtml+xml, application/json;q=0.8", true)]
    [InlineData("TEXT/HTML, application/xhtml+xml, image/jxr, */*", true)]
    [InlineData("text/html, application/xhtml+xml, application/*;q=0.9, application/json;q=0", true)]
    [InlineData("-text/html application/xhtml+xml", false)]
    [InlineData(null, false)]
    public async Task Browsers_are_sent_from_the_root_to_the_page_and_programs_get_the_welcome(string? accept, bool isBrowser)
    {
        await using TestServer server = await StartAsync();

        using HttpResponseMessage response = await GetAsync(server, "/", configure: Accept);

        response.Headers.Vary.Should().Equal("Accept");
        if (isBrowser)
            (response.StatusCode, response.Headers.Location!.ToString()).Should().Be((HttpStatusCode.Found, "ui/"));
        else
            (await response.Content.ReadAsStringAsync()).Should().Be("{\"message\":\"Welcome to RKLLama !\",\"github\":\"https://github.com/notpunhnox/rkllama\"}\n");

        void Accept(HttpRequestMessage request)
        {
            if (accept is not null)
                request.Headers.TryAddWithoutValidation("Accept", accept);
        }
    }

    [Fact]
    public async Task The_address_without_the_slash_leads_to_the_page()
    {
        await using TestServer server = await StartAsync();

        using HttpResponseMessage response = await GetAsync(server, "/ui");

        (response.StatusCode, response.Headers.Location!.ToString()).Should().Be((HttpStatusCode.Found, "ui/"));
    }

    [Fact]
    public async Task Without_the_page_the_root_sends_nobody_to_it()
    {
        await using TestServer server = await StartAsync(options => options with { HasPage = false });

        using HttpResponseMessage page = await GetAsync(server, "/ui/"), root = await GetAsync(server, "/", configure: static request => request.Headers.TryAddWithoutValidation("Accept", BrowserAccept));

        page.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await page.Content.ReadAsStringAsync()).Should().Contain("--no-ui");
        root.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_build_without_the_page_says_how_to_make_it()
    {
        await using TestServer server = await StartAsync(files: []);

        using HttpResponseMessage response = await GetAsync(server, "/ui/");

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await response.Content.ReadAsStringAsync()).Should().Contain("./build.sh");
    }

    private static Task<TestServer> StartAsync(Func<NodeOptions, NodeOptions>? configure = null, Dictionary<string, string>? files = null)
    {
        files ??= new() { ["index.html"] = Html, ["app-5QJHZ3XT.js"] = "'use strict'", ["icon.svg"] = "<svg/>" };
        PageFiles page = new(files.ToDictionary(static file => file.Key, static Func<Stream> (file) => () => new MemoryStream(Compress(file.Value))));
        return TestServer.StartAsync(configure: configure, services: services => services.Replace(ServiceDescriptor.Singleton(page)));
    }

    private static async Task<HttpResponseMessage> GetAsync(TestServer server, string path, string? encoding = null, Action<HttpRequestMessage>? configure = null)
    {
        using HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (encoding is not null)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        configure?.Invoke(request);
        return await client.SendAsync(request);
    }

    private static byte[] Compress(string text)
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Optimal))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return compressed.ToArray();
    }

    private static async Task<string> DecompressAsync(HttpResponseMessage response)
    {
        await using GZipStream content = new(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using StreamReader reader = new(content);
        return await reader.ReadToEndAsync();
    }
}
