using System.Diagnostics.CodeAnalysis;

namespace RkLlama.Hub.Names;

/// <summary>
/// Reads the names of models on hubs: <c>owner/repo</c>, <c>owner/repo/file.rkllm</c>, <c>owner/repo/directory</c>, each with <c>@revision</c>; a <see cref="SelectionTag"/> after the repository; the same after
/// the host of a hub (<c>hf.co/…</c>, <c>modelscope.cn/…</c>) and as an address copied from a browser; and <c>owner/repo/file.rkllm/name</c> of the rkllama
/// client, where <c>name</c> is the name of the model on the node. Short names without a slash are in <see cref="ShortNames"/>.
/// </summary>
internal static class ModelReferenceParser
{
    internal const string ModelExtension = ".rkllm";

    private const int MaxLength = 1024;
    private static readonly string[] HuggingFaceHosts = ["huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com", "hf"];
    private static readonly string[] ModelScopeHosts = ["modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai", "modelscope", "ms"];

    // In addresses of Hugging Face, one of these words and a revision come between the repository and the path.
    private static readonly string[] PageKinds = ["blob", "resolve", "tree", "raw"];

    internal static bool IsModelFile(string path) => path.EndsWith(ModelExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a host is that of a hub.</summary>
    internal static bool IsHubHost(string host) =>
        HuggingFaceHosts.Contains(host, StringComparer.OrdinalIgnoreCase) || ModelScopeHosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a reference.</summary>
    /// <param name="text">The text of the user. At most 1,024 characters.</param>
    /// <param name="reference">The reference; <see langword="null"/> if the text is none.</param>
    /// <param name="error">The reason why the text is not a reference, as a sentence without a period; <see langword="null"/> if it is one.</param>
    internal static bool TryParse(string text, [NotNullWhen(true)] out ModelReference? reference, [NotNullWhen(false)] out string? error)
    {
        reference = null;
        text = text.Trim();
        if (text.Length is 0 or > MaxLength || text.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '\\' or '"' or '\''))
        {
            error = "the name of a model has 1 to 1,024 characters without spaces, quotes and backslashes";
            return false;
        }

        if (text.StartsWith('/'))
        {
            error = "it is a path, and 'rkllama pull PATH NAME' copies a model from a path of the node";
            return false;
        }

        if (ForeignHost(text) is { } host)
        {
            error = $"{host} is none of the hubs (huggingface.co, modelscope.cn), and a model on another node is named http://NODE:8080/NAME";
            return false;
        }

        (HubKind hub, string rest) = SplitHub(WithoutScheme(text));
        List<string> segments = [.. rest.Trim('/').Split('/')];
        if (segments.Any(static segment => segment is "" or "." or "..") || segments.Count < 2)
        {
            error = "a model on a hub is named owner/repository or owner/repository/file.rkllm";
            return false;
        }

        // The address for git, which the page of a repository shows.
        if (segments.Count == 2 && text.Contains("://", StringComparison.Ordinal) && segments[1].EndsWith(".git", StringComparison.Ordinal))
            segments[1] = segments[1][..^".git".Length];

        string? revision = TakePageRevision(hub, segments) ?? TakeRevision(segments);
        if (segments.Count < 2 || segments.Any(static segment => segment.Length == 0))
        {
            error = "a revision comes after the repository or the file: owner/repository@revision";
            return false;
        }

        if (!TakeTag(segments, out SelectionTag? tag))
        {
            error = $"the tag after the repository is {SelectionTag.Forms}";
            return false;
        }

        string? localName = TakeLocalName(segments);
        reference = new(hub, segments[0] + "/" + segments[1])
        {
            Revision = revision,
            Path = segments.Count > 2 ? string.Join('/', segments.Skip(2)) : null,
            LocalName = localName,
            Tag = tag,
        };
        error = null;
        return true;
    }

    /// <summary>Returns the host of an address that is not on a hub; <see langword="null"/> for other texts.</summary>
    private static string? ForeignHost(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" && !IsHubHost(address.Host) ? address.Authority : null;

    private static string WithoutScheme(string text)
    {
        foreach (string scheme in (ReadOnlySpan<string>)["https://", "http://", "hf://"])
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                string rest = text[scheme.Length..];
                int query = rest.AsSpan().IndexOfAny('?', '#');
                return (scheme == "hf://" ? "hf/" : "") + (query < 0 ? rest : rest[..query]);
            }
        }

        return text;
    }

    /// <summary>
    /// Separates the host of a hub from the rest. A word without a point is a host only before an owner and a repository: <c>hf/repo</c> is a repository of the
    /// owner "hf".
    /// </summary>
    private static (HubKind Hub, string Path) SplitHub(string text)
    {
        string[] parts = text.Split('/', 2);
        if (parts.Length < 2 || (!parts[0].Contains('.', StringComparison.Ordinal) && !parts[1].Trim('/').Contains('/', StringComparison.Ordinal)))
            return (HubKind.HuggingFace, text);
        if (HuggingFaceHosts.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
            return (HubKind.HuggingFace, parts[1]);
        if (!ModelScopeHosts.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
            return (HubKind.HuggingFace, text);
        const string Pages = "models/";
        return (HubKind.ModelScope, parts[1].StartsWith(Pages, StringComparison.Ordinal) ? parts[1][Pages.Length..] : parts[1]);
    }

    /// <summary>Takes the revision out of the path of a page: <c>owner/repo/blob/REVISION/path</c>, at ModelScope <c>owner/repo/file/view/REVISION/path</c>.</summary>
    private static string? TakePageRevision(HubKind hub, List<string> segments)
    {
        if (hub == HubKind.ModelScope && segments.Count > 3 && segments[2] == "file" && segments[3] == "view")
            segments.RemoveRange(2, 1);
        else if (hub == HubKind.ModelScope && segments.Count == 3 && segments[2] is "files" or "summary")
            segments.RemoveAt(2);

        if (segments.Count < 4 || !(PageKinds.Contains(segments[2]) || (hub == HubKind.ModelScope && segments[2] == "view")))
            return null;
        string revision = Uri.UnescapeDataString(segments[3]);
        segments.RemoveRange(2, 2);
        for (int i = 2; i < segments.Count; i++)
            segments[i] = Uri.UnescapeDataString(segments[i]);
        return revision;
    }

    /// <summary>Takes <c>@revision</c> out of the repository (<c>repo@revision/file</c>), or from the end, where the revision may have slashes (<c>refs/pr/1</c>).</summary>
    private static string? TakeRevision(List<string> segments)
    {
        int index = segments.FindIndex(1, static segment => segment.Contains('@', StringComparison.Ordinal));
        if (index < 0)
            return null;

        int at = segments[index].IndexOf('@', StringComparison.Ordinal);
        string revision = segments[index][(at + 1)..];
        segments[index] = segments[index][..at];
        if (index > 1 || !segments.Skip(2).Any(IsModelFile))
        {
            revision = string.Join('/', segments.Skip(index + 1).Prepend(revision));
            segments.RemoveRange(index + 1, segments.Count - index - 1);
        }

        if (revision.Length == 0)
            segments[index] = "";
        return revision;
    }

    /// <summary>Takes the tag from the repository: <c>owner/repo:tag</c>. Names of repositories have no colons.</summary>
    /// <returns><see langword="false"/> if the tag is not valid.</returns>
    private static bool TakeTag(List<string> segments, out SelectionTag? tag)
    {
        tag = null;
        int colon = segments[1].IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return true;
        string text = segments[1][(colon + 1)..];
        segments[1] = segments[1][..colon];
        return segments[1].Length > 0 && SelectionTag.TryParse(text, out tag);
    }

    /// <summary>Takes the local name from the end: <c>owner/repo/file.rkllm/name</c>. A repository may itself have a name with the extension.</summary>
    private static string? TakeLocalName(List<string> segments)
    {
        if (segments.Count < 4 || !IsModelFile(segments[^2]) || IsModelFile(segments[^1]))
            return null;
        string name = segments[^1];
        segments.RemoveAt(segments.Count - 1);
        return name;
    }
}
