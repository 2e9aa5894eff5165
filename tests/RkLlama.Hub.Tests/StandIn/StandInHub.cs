using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>
/// A stand-in for Hugging Face and ModelScope on loopback: one origin that describes repositories and redirects, and one that has the bytes, with addresses that
/// have a signature. Both do wrong what real ones do wrong, as tests ask for.
/// </summary>
internal sealed class StandInHub : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, StandInRepository> _repositories = new();
    private WebApplication _hub = null!;
    private WebApplication _storage = null!;
    private int _signature = 1;

    /// <summary>The origin with the API.</summary>
    internal Uri Address { get; private set; } = null!;

    /// <summary>The origin with the bytes of large files, to which the hub redirects. Tests may name it otherwise.</summary>
    internal Uri StorageAddress { get; set; } = null!;

    /// <summary>The paths of requests to the hub with their queries, in order.</summary>
    internal ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The first byte and the path of each request for bytes, in order.</summary>
    internal ConcurrentQueue<(string Path, long From)> Reads { get; } = new();

    /// <summary>The number of bytes of large files that were sent.</summary>
    internal long SentBytes;

    /// <summary>The number of answers whose bytes are being sent.</summary>
    internal int ActiveReads;

    /// <summary>The number of next redirects whose signatures have expired already.</summary>
    internal int ExpiredRedirects;

    /// <summary>Whether a request to the storage had a token.</summary>
    internal bool TokenReachedStorage { get; private set; }

    /// <summary>The token that private and gated repositories need.</summary>
    internal string Token { get; set; } = "hf_right";

    /// <summary>Returns the fault for a request to the hub; <see langword="null"/> for none. Called with the path.</summary>
    internal Func<string, Fault?> HubFault { get; set; } = static _ => null;

    /// <summary>Returns the fault for a request for bytes; <see langword="null"/> for none. Called with the path of the file and the first byte.</summary>
    internal Func<string, long, Fault?> StorageFault { get; set; } = static (_, _) => null;

    /// <param name="certificate">The certificate of both origins; null for http.</param>
    internal static async Task<StandInHub> StartAsync(X509Certificate2? certificate = null)
    {
        StandInHub hub = new();
        hub._hub = Build(hub.AnswerHubAsync, certificate);
        hub._storage = Build(hub.AnswerStorageAsync, certificate);
        await hub._hub.StartAsync();
        await hub._storage.StartAsync();
        hub.Address = AddressOf(hub._hub);
        hub.StorageAddress = AddressOf(hub._storage);
        return hub;
    }

    internal StandInRepository Add(string name) => _repositories.GetOrAdd(name, static name => new(name));

    /// <summary>Makes all addresses invalid that the hub has redirected to.</summary>
    internal void ExpireSignatures() => Interlocked.Increment(ref _signature);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private static WebApplication Build(RequestDelegate answer, X509Certificate2? certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        builder.Logging.ClearProviders();
        WebApplication application = builder.Build();
        application.Run(answer);
        return application;
    }

    private static Uri AddressOf(WebApplication application) =>
        new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private async Task AnswerHubAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Requests.Enqueue(path + context.Request.QueryString);
        if (HubFault(path) is { } fault && await FailAsync(context, fault))
            return;

        if (path.StartsWith("/api/models/", StringComparison.Ordinal))
            await DescribeAsync(context, path["/api/models/".Length..]);
        else if (path.StartsWith("/api/resolve-cache/", StringComparison.Ordinal))
            await SendSmallAsync(context);
        else if (path.StartsWith("/api/v1/models/", StringComparison.Ordinal))
            await AnswerModelScopeAsync(context, path["/api/v1/models/".Length..]);
        else if (path.Contains("/resolve/", StringComparison.Ordinal))
            await ResolveAsync(context, path);
        else
            context.Response.StatusCode = 404;
    }

    private async Task DescribeAsync(HttpContext context, string rest)
    {
        string[] parts = rest.Split('/', 4);
        string name = parts[0] + "/" + parts.ElementAtOrDefault(1);
        if (await AllowAsync(context, name, listing: true) is not { } repository)
            return;
        if (parts.Length == 4 && parts[2] == "revision" && !IsRevision(repository, Uri.UnescapeDataString(parts[3])))
        {
            await RefuseAsync(context, 404, "RevisionNotFound");
            return;
        }

        IEnumerable<string> files = repository.Files.Select(file => file.Value.IsLfs
            ? $$$"""{"rfilename":"{{{file.Key}}}","size":{{{file.Value.Content.Size}}},"blobId":"{{{new string('b', 40)}}}","lfs":{"sha256":"{{{file.Value.Content.Sha256}}}","size":{{{file.Value.Content.Size}}},"pointerSize":134}}"""
            : $$$"""{"rfilename":"{{{file.Key}}}","size":{{{file.Value.Content.Size}}},"blobId":"{{{file.Value.Content.GitOid}}}"}""");
        string bases = string.Join(',', repository.BaseModels.Select(static one => $"\"{one}\""));
        await WriteJsonAsync(context, $$"""
            {"id":"{{repository.Name}}","sha":"{{repository.Commit}}","gated":{{(repository.IsGated ? "\"manual\"" : "false")}},"private":false,"cardData":{"base_model":[{{bases}}]},"tags":["rkllm"],"siblings":[{{string.Join(',', files)}}]}
            """);
    }

    private async Task ResolveAsync(HttpContext context, string path)
    {
        string[] halves = path.TrimStart('/').Split("/resolve/", 2);
        string[] rest = halves[1].Split('/', 2);
        if (await AllowAsync(context, halves[0], listing: false) is not { } repository)
            return;
        string revision = Uri.UnescapeDataString(rest[0]), file = Uri.UnescapeDataString(rest[1]);
        if (!IsRevision(repository, revision))
        {
            await RefuseAsync(context, 404, "RevisionNotFound");
            return;
        }

        if (!repository.Files.TryGetValue(file, out (Content Content, bool IsLfs) entry))
        {
            await RefuseAsync(context, 404, "EntryNotFound");
            return;
        }

        context.Response.Headers["X-Repo-Commit"] = repository.Commit;
        if (entry.IsLfs)
        {
            context.Response.Headers["X-Linked-ETag"] = $"\"{entry.Content.Sha256}\"";
            context.Response.Headers["X-Linked-Size"] = entry.Content.Size.ToString(CultureInfo.InvariantCulture);
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = $"{StorageAddress}{halves[0]}/{Uri.EscapeDataString(file)}?sig={Volatile.Read(ref _signature) - (Interlocked.Decrement(ref ExpiredRedirects) >= 0 ? 1 : 0)}";
        }
        else
        {
            context.Response.Headers.ETag = $"W/\"{entry.Content.GitOid}\"";
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"/api/resolve-cache/models/{halves[0]}/{repository.Commit}/{Uri.EscapeDataString(file)}";
        }
    }

    private async Task SendSmallAsync(HttpContext context)
    {
        string[] parts = context.Request.Path.Value!["/api/resolve-cache/models/".Length..].Split('/', 4);
        if (await AllowAsync(context, parts[0] + "/" + parts[1], listing: false) is not { } repository)
            return;
        Content content = repository.Files[Uri.UnescapeDataString(parts[3])].Content;
        context.Response.Headers["X-Repo-Commit"] = repository.Commit;
        context.Response.Headers.ETag = $"\"{content.GitOid}\"";
        await SendAsync(context, content, parts[3]);
    }

    private async Task AnswerModelScopeAsync(HttpContext context, string rest)
    {
        string[] parts = rest.Split('/');
        if (!_repositories.TryGetValue(parts[0] + "/" + parts[1], out StandInRepository? repository))
        {
            await RefuseAsync(context, 404, null);
            return;
        }

        if (parts is [_, _, "repo", "files"])
        {
            IEnumerable<string> files = repository.Files.Select(static file =>
                $$$"""{"Path":"{{{file.Key}}}","Name":"{{{file.Key[(file.Key.LastIndexOf('/') + 1)..]}}}","Type":"blob","Size":{{{file.Value.Content.Size}}},"Sha256":"{{{file.Value.Content.Sha256}}}"}""");
            await WriteJsonAsync(context, $$$"""{"Code":200,"Data":{"Files":[{"Path":"sub","Name":"sub","Type":"tree","Size":0},{{{string.Join(',', files)}}}]}}""");
            return;
        }

        string path = context.Request.Query["FilePath"]!;
        await SendAsync(context, repository.Files[path].Content, path);
    }

    private async Task AnswerStorageAsync(HttpContext context)
    {
        TokenReachedStorage |= context.Request.Headers.ContainsKey("Authorization") || context.Request.Headers.ContainsKey("Cookie");
        if (context.Request.Query["sig"] != Volatile.Read(ref _signature).ToString(CultureInfo.InvariantCulture))
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
            return;
        }

        string[] parts = context.Request.Path.Value!.TrimStart('/').Split('/', 3);
        string file = Uri.UnescapeDataString(parts[2]);
        await SendAsync(context, _repositories[parts[0] + "/" + parts[1]].Files[file].Content, file);
    }

    private async Task SendAsync(HttpContext context, Content content, string path)
    {
        (long from, long to) = RangeOf(context, content.Size);
        Reads.Enqueue((path, from));
        Fault fault = StorageFault(path, from) ?? new();
        if (await FailAsync(context, fault))
            return;
        if (fault.IgnoresRange)
            (from, to) = (0, content.Size);
        if (from >= content.Size && content.Size > 0)
        {
            context.Response.StatusCode = 416;
            return;
        }

        if (context.Request.Headers.Range.Count > 0 && !fault.IgnoresRange)
        {
            from += fault.RangeShift;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{to - 1}/{content.Size + fault.Excess}";
        }

        long length = to - from + (fault.IsEndless ? 1 << 30 : fault.Excess);
        if (!fault.IsEndless)
            context.Response.ContentLength = length;
        Interlocked.Increment(ref ActiveReads);
        try
        {
            await SendBytesAsync(context, content, fault, from, length);
        }
        finally
        {
            Interlocked.Decrement(ref ActiveReads);
        }
    }

    private async Task SendBytesAsync(HttpContext context, Content content, Fault fault, long from, long length)
    {
        byte[] buffer = new byte[fault.BytesPerSecond is { } rate ? Math.Max(1, rate / 20) : 64 * 1024];
        for (long sent = 0; sent < length;)
        {
            int count = (int)Math.Min(buffer.Length, length - sent);
            if (fault.CutAfter is { } cut)
                count = (int)Math.Min(count, cut - sent);
            if (fault.SilentAfter is { } silent)
                count = (int)Math.Min(count, silent - sent);
            if (count > 0)
            {
                long inside = Math.Clamp(content.Size - (from + sent), 0, count);
                content.Read(from + sent, buffer.AsSpan(0, (int)inside));
                if (fault.FlipAt is { } flip && flip >= from + sent && flip < from + sent + count)
                    buffer[flip - from - sent] ^= 1;
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
                Interlocked.Add(ref SentBytes, count);
                sent += count;
            }

            if (fault.CutAfter == sent || fault.SilentAfter == sent)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                if (fault.CutAfter is null)
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                context.Abort();
                return;
            }

            if (fault.BytesPerSecond is not null)
                await Task.Delay(50, context.RequestAborted);
        }
    }

    private static (long From, long To) RangeOf(HttpContext context, long size)
    {
        string range = context.Request.Headers.Range.ToString();
        if (range.Length == 0)
            return (0, size);
        string[] ends = range["bytes=".Length..].Split('-');
        long from = long.Parse(ends[0], CultureInfo.InvariantCulture);
        return (from, ends[1].Length == 0 ? size : Math.Min(size, long.Parse(ends[1], CultureInfo.InvariantCulture) + 1));
    }

    private static async Task<bool> FailAsync(HttpContext context, Fault fault)
    {
        if (fault.IsPage)
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<!doctype html><title>Sign in</title>");
            return true;
        }

        if (fault.Status is not { } status)
            return false;
        context.Response.StatusCode = status;
        foreach ((string name, string value) in fault.Headers)
            context.Response.Headers[name] = value;
        await context.Response.WriteAsync(fault.Text);
        return true;
    }

    /// <summary>Checks the token. Gated repositories can be listed by everybody.</summary>
    private async Task<StandInRepository?> AllowAsync(HttpContext context, string name, bool listing)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length > 0 && authorization != "Bearer " + Token)
        {
            context.Response.Headers["X-Error-Message"] = "Invalid credentials in Authorization header";
            await RefuseAsync(context, 401, null);
        }
        else if (!_repositories.TryGetValue(name, out StandInRepository? repository) || (repository.IsPrivate && authorization.Length == 0))
        {
            await RefuseAsync(context, authorization.Length == 0 ? 401 : 404, "RepoNotFound");
        }
        else if (repository.IsGated && !listing && authorization.Length == 0)
        {
            await RefuseAsync(context, 401, "GatedRepo");
        }
        else
        {
            return repository;
        }

        return null;
    }

    private static bool IsRevision(StandInRepository repository, string revision) => revision == repository.Commit || repository.Revisions.Contains(revision);

    private static Task RefuseAsync(HttpContext context, int status, string? code)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        return Task.CompletedTask;
    }

    private static Task WriteJsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, Encoding.UTF8);
    }
}
