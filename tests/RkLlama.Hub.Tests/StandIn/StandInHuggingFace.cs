using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>The API of Hugging Face: describes repositories, and redirects requests for files.</summary>
internal sealed class StandInHuggingFace(StandInHub hub, StandInStorage storage)
{
    internal async Task AnswerAsync(HttpContext context, string path)
    {
        if (path.StartsWith("/api/models/", StringComparison.Ordinal))
            await DescribeAsync(context, path["/api/models/".Length..]);
        else if (path.StartsWith("/api/resolve-cache/", StringComparison.Ordinal))
            await SendSmallAsync(context);
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
            await StandInAnswers.RefuseAsync(context, 404, "RevisionNotFound");
            return;
        }

        IEnumerable<string> files = repository.Files.Select(file => file.Value.IsLfs
            ? $$$"""{"rfilename":"{{{file.Key}}}","size":{{{file.Value.Content.Size}}},"blobId":"{{{new string('b', 40)}}}","lfs":{"sha256":"{{{file.Value.Content.Sha256}}}","size":{{{file.Value.Content.Size}}},"pointerSize":134}}"""
            : $$$"""{"rfilename":"{{{file.Key}}}","size":{{{file.Value.Content.Size}}},"blobId":"{{{file.Value.Content.GitOid}}}"}""");
        string bases = string.Join(',', repository.BaseModels.Select(static one => $"\"{one}\""));
        await StandInAnswers.WriteJsonAsync(context, $$"""
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
            await StandInAnswers.RefuseAsync(context, 404, "RevisionNotFound");
            return;
        }

        if (!repository.Files.TryGetValue(file, out (Content Content, bool IsLfs) entry))
        {
            await StandInAnswers.RefuseAsync(context, 404, "EntryNotFound");
            return;
        }

        context.Response.Headers["X-Repo-Commit"] = repository.Commit;
        if (entry.IsLfs)
        {
            context.Response.Headers["X-Linked-ETag"] = $"\"{entry.Content.Sha256}\"";
            context.Response.Headers["X-Linked-Size"] = entry.Content.Size.ToString(CultureInfo.InvariantCulture);
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = $"{hub.StorageAddress}{halves[0]}/{Uri.EscapeDataString(file)}?sig={hub.Signature - (Interlocked.Decrement(ref hub.ExpiredRedirects) >= 0 ? 1 : 0)}";
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
        await storage.SendAsync(context, content, parts[3]);
    }

    /// <summary>Checks the token. Gated repositories can be listed by everybody.</summary>
    private async Task<StandInRepository?> AllowAsync(HttpContext context, string name, bool listing)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length > 0 && authorization != "Bearer " + hub.Token)
        {
            context.Response.Headers["X-Error-Message"] = "Invalid credentials in Authorization header";
            await StandInAnswers.RefuseAsync(context, 401, null);
        }
        else if (hub.Find(name) is not { } repository || (repository.IsPrivate && authorization.Length == 0))
        {
            await StandInAnswers.RefuseAsync(context, authorization.Length == 0 ? 401 : 404, "RepoNotFound");
        }
        else if (repository.IsGated && !listing && authorization.Length == 0)
        {
            await StandInAnswers.RefuseAsync(context, 401, "GatedRepo");
        }
        else
        {
            return repository;
        }

        return null;
    }

    private static bool IsRevision(StandInRepository repository, string revision) => revision == repository.Commit || repository.Revisions.Contains(revision);
}
