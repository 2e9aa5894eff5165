using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Hub.Selection;

namespace RkLlama.Hub.Pull;

/// <summary>
/// Finds what belongs to a model: the .rkllm file that fits the node, and the files of its tokenizer and chat template from the same repository, else from its
/// base model. Thread-safe.
/// </summary>
internal sealed partial class PullPlanner(ShortNames names, HubConnection connection, HubOptions options)
{
    private const int MaxReadmeBytes = 1 << 20;
    private const int MaxListed = 20;

    private readonly HuggingFaceHub _huggingFace = new(connection, options);
    private readonly ModelScopeHub _modelScope = new(connection, options);

    [GeneratedRegex(@"https://huggingface\.co/(?<v>[\w.-]+/[\w.-]+)", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HuggingFaceLink { get; }

    /// <summary>Makes a plan. Asks the hub for the files of one or a few repositories.</summary>
    /// <param name="requested">What the user asks for: a short name or a name on a hub.</param>
    /// <param name="localName">The name that the model gets on the node; <see langword="null"/> for the name that the request implies.</param>
    /// <param name="needs">What the node does not have of the model.</param>
    /// <param name="note">Called with a sentence without a period before each further try of a request. Must not throw.</param>
    /// <exception cref="HubException">There is no such model, or no file that fits, or the hub does not answer.</exception>
    internal async Task<PullPlan> PlanAsync(string requested, string? localName, SelectionRequest request, PullNeeds needs, Action<string>? note, CancellationToken cancellationToken)
    {
        ModelReference reference = Resolve(names, requested, request, out ShortName? entry);
        IHub hub = reference.Hub == HubKind.ModelScope ? _modelScope : _huggingFace;
        HubRepository repository = await hub.GetRepositoryAsync(reference.Repository, reference.Revision, note, cancellationToken).ConfigureAwait(false);
        FileChoice? choice = needs.Weights ? Choose(reference, repository, entry, request, needs.FileName) : null;
        string name = localName ?? reference.DefaultName;
        string directory = choice?.File?.Directory ?? (reference.IsFile ? "" : reference.Path ?? "");
        (IReadOnlyList<PlannedFile> files, string? tokenizer, string? missing) =
            await FindPromptFilesAsync(hub, repository, directory, entry?.Base, name, note, cancellationToken).ConfigureAwait(false);
        if (choice is null && files.Count == 0)
            throw new HubException(HubError.FileNotFound, missing ?? $"{repository.Name} has no files of a tokenizer or a chat template");
        IReadOnlyList<string> warnings = choice?.Warnings ?? [];
        return new()
        {
            Name = name,
            Model = choice?.File is { } model ? new(new HubFileSource(connection, hub, repository, model), repository.Commit, model.Name) : null,
            From = choice?.File?.Name,
            Repository = (reference.Hub == HubKind.ModelScope ? "modelscope.cn/" : "") + repository.Name,
            PromptFiles = files,
            TokenizerRepository = tokenizer,
            Reason = choice?.Reason ?? "the node has the .rkllm file",
            Warnings = missing is null ? warnings : [.. warnings, missing],
        };
    }

    /// <summary>Makes a plan for a model of another node: its files as they are there.</summary>
    /// <param name="model">The name of the model on the other node.</param>
    /// <param name="localName">The name that the model gets on this node.</param>
    /// <param name="note">Called with a sentence without a period when the other node needs time, and before each further try of a request. Must not throw.</param>
    /// <exception cref="HubException">The other node has no such model, does not share it, or does not answer.</exception>
    internal async Task<PullPlan> PlanFromNodeAsync(NodeHub node, string model, string localName, SelectionRequest request, Action<string>? note, CancellationToken cancellationToken)
    {
        HubRepository repository = await node.GetRepositoryAsync(model, null, note, cancellationToken).ConfigureAwait(false);
        HubFile weights = repository.Files.FirstOrDefault(file => file.Path == repository.ModelPath)
            ?? throw new HubException(HubError.InvalidAnswer, $"{node.Host} lists no .rkllm file of '{model}'");
        PlannedFile Plan(HubFile file) => new(new HubFileSource(connection, node, repository, file), repository.Commit, file.Path);
        return new()
        {
            Name = localName,
            Model = Plan(weights),
            From = weights.Path,
            Repository = "",
            PromptFiles = [.. repository.Files.Where(file => file != weights).Select(Plan)],
            Reason = $"it is the model '{model}' of {node.Host}",
            Warnings = FileSelector.Choose(repository, weights.Path, null, request).Warnings,
        };
    }

    private static FileChoice Choose(ModelReference reference, HubRepository repository, ShortName? entry, SelectionRequest request, string? fileName)
    {
        string? path = reference.Path ?? (repository.Files.Any(file => file.Name == fileName) ? fileName : null);
        FileChoice choice = FileSelector.Choose(repository, path, reference.Revision, request with
        {
            Platform = entry?.Platform is null ? request.Platform : null,
            Quantization = reference.Tag?.Quantization ?? request.Quantization,
            ContextLength = reference.Tag?.ContextLength ?? request.ContextLength,
        });
        if (choice.File is not { } model)
            throw new HubException(HubError.FileNotFound, Describe(reference, choice));
        if (model.IsEmpty)
            throw new HubException(HubError.Corrupt, $"{model.Path} is empty on the hub, so it is not a model");
        if (entry?.Sha256 is { } expected && model.Sha256 is { } actual && !expected.Equals(actual, StringComparison.OrdinalIgnoreCase))
            throw new HubException(HubError.Changed, $"{model.Path} on the hub is not the file that the table of short names names (sha256 {actual}, expected {expected})");
        return choice;
    }

    /// <summary>Returns the name that a model gets on the node if the request names none. Asks no hub.</summary>
    /// <exception cref="HubException">The request is not the name of a model.</exception>
    internal static string NameOf(ShortNames names, string requested) => Resolve(names, requested, new(), out _).DefaultName;

    private static ModelReference Resolve(ShortNames names, string requested, SelectionRequest request, out ShortName? entry)
    {
        entry = null;
        IReadOnlyList<ShortName> entries = names.Find(requested);
        if (entries.Count == 0)
        {
            if (ModelReferenceParser.TryParse(requested, out ModelReference? reference, out string? error))
                return reference;
            string[] similar = [.. names.Similar(requested)];
            throw new HubException(HubError.InvalidName, $"'{Cut(requested)}' is not a model that can be downloaded: {error}"
                + (similar.Length > 0 ? $". Short names that are similar: {string.Join(", ", similar)}" : $". Short names are, for example, {string.Join(", ", names.Examples)}"))
            {
                IsUnknownName = !requested.Contains('/', StringComparison.Ordinal),
            };
        }

        entry = entries.FirstOrDefault(one => one.Platform is null || request.Platform is null || one.Platform.Equals(request.Platform, StringComparison.OrdinalIgnoreCase))
            ?? throw new HubException(HubError.FileNotFound, $"'{Cut(requested)}' is for {string.Join(", ", entries.Select(static one => one.Platform))}, and this node is {request.Platform}");
        _ = ModelReferenceParser.TryParse(entry.Repo, out ModelReference? found, out _);
        return found! with { Path = entry.File, Revision = entry.Revision ?? found!.Revision, LocalName = ShortNames.LocalNameOf(requested) };
    }

    private async Task<(IReadOnlyList<PlannedFile> Files, string? Tokenizer, string? Missing)> FindPromptFilesAsync(
        IHub hub, HubRepository repository, string directory, string? knownBase, string name, Action<string>? note, CancellationToken cancellationToken)
    {
        // Files in the directory of the .rkllm file have priority over files in the root of the repository.
        Dictionary<string, PlannedFile> files = [];
        foreach (string place in (string[])[directory, ""])
            Add(files, hub, repository, place);
        if (HasTokenizer(files))
            return ([.. files.Values], repository.Name, null);

        List<string> bases = knownBase is null ? [.. repository.BaseModels] : [knownBase];
        if (bases.Count == 0 && await LinkInReadmeAsync(hub, repository, cancellationToken).ConfigureAwait(false) is { } link)
            bases.Add(link);
        string? reason = null;
        foreach (string origin in bases)
        {
            try
            {
                HubRepository known = await _huggingFace.GetRepositoryAsync(origin, null, note, cancellationToken).ConfigureAwait(false);
                if (known.IsGated && options.HuggingFaceToken is null)
                {
                    reason = $"the tokenizer is in {origin}, which is gated: ask for access on {new Uri(options.HuggingFace, origin)}, and {HubEnvironment.SetToken}; then 'rkllama pull {origin} {name}' downloads it";
                    continue;
                }

                Dictionary<string, PlannedFile> found = [];
                Add(found, _huggingFace, known, "");
                if (!HasTokenizer(found))
                {
                    reason = $"{origin} has no tokenizer.json";
                    continue;
                }

                // The files beside the .rkllm file were made for it, so they stay.
                foreach ((string path, PlannedFile file) in found)
                    files.TryAdd(path, file);
                return ([.. files.Values], known.Name, null);
            }
            catch (HubException ex) when (ex.Error is HubError.RepositoryNotFound or HubError.Gated or HubError.TokenInvalid or HubError.RevisionNotFound)
            {
                reason = $"the tokenizer is in {origin}: {ex.Message}; 'rkllama pull {origin} {name}' tries it again";
            }
        }

        reason ??= $"the repository has no tokenizer.json and does not name the model that it was made from: 'rkllama pull OWNER/REPOSITORY {name}' downloads it from that model";
        return ([.. files.Values], bases.FirstOrDefault(), reason + ". Without a tokenizer, the server counts tokens by estimate");
    }

    private void Add(Dictionary<string, PlannedFile> files, IHub hub, HubRepository repository, string directory)
    {
        foreach ((HubFile file, string path) in PromptFiles.In(repository, directory))
            files.TryAdd(path, new(new HubFileSource(connection, hub, repository, file), repository.Commit, path));
    }

    private static bool HasTokenizer(Dictionary<string, PlannedFile> files) => PromptFiles.HasTokenizer(files.Values.Select(static file => file.Source.File));

    /// <summary>Returns the repository that the README links to, if it links to one only beside itself.</summary>
    private async Task<string?> LinkInReadmeAsync(IHub hub, HubRepository repository, CancellationToken cancellationToken)
    {
        if (repository.Files.FirstOrDefault(static file => file.Path == "README.md" && file.Size <= MaxReadmeBytes) is not { } readme)
            return null;
        try
        {
            (byte[] body, _) = await connection.ReadAsync(hub.AddressOf(repository, readme), hub.Authorize, MaxReadmeBytes, note: null, cancellationToken).ConfigureAwait(false);
            string[] links = [.. HuggingFaceLink.Matches(Encoding.UTF8.GetString(body)).Select(static match => match.Groups["v"].Value.TrimEnd('.'))
                .Where(name => !name.Equals(repository.Name, StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.OrdinalIgnoreCase).Take(2)];
            return links is [{ } only] ? only : null;
        }
        catch (HubException)
        {
            return null;
        }
    }

    private static string Describe(ModelReference reference, FileChoice choice)
    {
        if (choice.Candidates.Count == 0)
            return $"{choice.Reason}: {reference}. The NPU runs only models that were converted to this format: search the hub for the name of the model with 'rkllm'";
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{choice.Reason} in {reference.Repository}; {(choice.IsForeign ? "it has these files, which this node cannot run:" : "choose one:")}");
        foreach (HubFile file in choice.Candidates.Take(MaxListed))
        {
            ModelReference named = reference with { Path = file.Path, LocalName = null, Tag = null };
            text.Append(CultureInfo.InvariantCulture, $"\n  {(choice.IsForeign ? file.Path : $"rkllama pull {named}")}");
            if (file.Size > 0)
                text.Append(CultureInfo.InvariantCulture, $"  ({file.Size / 1e9:0.0#} GB)");
        }

        if (choice.Candidates.Count > MaxListed)
            text.Append(CultureInfo.InvariantCulture, $"\n  and {choice.Candidates.Count - MaxListed} more");
        return text.ToString();
    }

    private static string Cut(string text) => text.Length > 200 ? text[..200] + "…" : text;
}
