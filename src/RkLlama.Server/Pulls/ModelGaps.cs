using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Pull;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>What a model lacks that is in the models directory.</summary>
/// <param name="Directory">Full path of the model's directory.</param>
internal sealed record ModelGaps(string Directory)
{
    private static readonly string[] Templates = ["chat_template.jinja", "chat_template.json", "tokenizer_config.json"];

    /// <summary>The .rkllm file that the Modelfile names, or that is there; <see langword="null"/> if neither is known.</summary>
    public string? From { get; private init; }

    /// <summary>The repository that the Modelfile names for the tokenizer; <see langword="null"/> if it names none.</summary>
    public string? Repository { get; private init; }

    /// <summary>Whether the .rkllm file is missing.</summary>
    public bool LacksWeights { get; private init; }

    /// <summary>Whether the tokenizer or the chat template is missing.</summary>
    public bool LacksPromptFiles { get; private init; }

    /// <summary>Whether the model is an .rkllm file without a directory. Then the pull makes the directory, and the file moves there.</summary>
    public bool IsLoose { get; private init; }

    /// <summary>Whether there is no Modelfile.</summary>
    public bool LacksModelfile { get; private init; }

    /// <summary>Returns what a model lacks.</summary>
    /// <returns><see langword="null"/> if it lacks nothing, or if there is neither a directory nor a file with its name.</returns>
    /// <exception cref="ModelException">The Modelfile is not valid or has no FROM.</exception>
    internal static ModelGaps? Find(ModelCatalog catalog, string name)
    {
        string directory = Path.Join(catalog.Root, name);
        try
        {
            if (!ModelName.IsModelName(name))
                return null;
            return System.IO.Directory.Exists(directory) ? Find(catalog, name, directory) : FindLoose(catalog, name, directory);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A directory that cannot be read cannot be completed either.
            return null;
        }
    }

    private static ModelGaps? FindLoose(ModelCatalog catalog, string name, string directory) =>
        catalog.Resolve(name) == name && catalog.Find(name) is { Directory: null } entry && FileStatus.Of(entry.ModelPath) is { Kind: FileKind.Regular }
            ? new(directory) { IsLoose = true, From = Path.GetFileName(entry.ModelPath), LacksPromptFiles = true, LacksModelfile = true }
            : null;

    private static ModelGaps? Find(ModelCatalog catalog, string name, string directory)
    {
        string[] weights = [.. System.IO.Directory.EnumerateFiles(directory, "*.rkllm").Select(static path => Path.GetFileName(path))];
        ModelGaps gaps;
        Modelfile modelfile = Modelfile.Empty;
        if (File.Exists(Path.Join(directory, "Modelfile")))
        {
            ModelEntry entry = catalog.Find(name);
            modelfile = entry.Modelfile;
            gaps = new(directory)
            {
                From = Path.GetRelativePath(directory, entry.ModelPath),
                Repository = modelfile.HuggingFacePath,
                LacksWeights = FileStatus.Of(entry.ModelPath) is not { Kind: FileKind.Regular },
            };
        }
        else
        {
            gaps = new(directory) { From = weights is [var only] ? only : null, LacksWeights = weights.Length == 0, LacksModelfile = weights.Length < 2 };
        }

        bool hasTokenizer = modelfile is { Tokenizer: not null } or { TemplateMode: TemplateMode.Text or TemplateMode.Runtime }
            || File.Exists(Path.Join(directory, "tokenizer.json")) || System.IO.Directory.EnumerateFiles(directory, "*.tiktoken").Any();
        bool hasTemplate = modelfile is { Template: not null } or { TemplateMode: TemplateMode.Runtime } or { Pooling: not null }
            || Array.Exists(Templates, file => File.Exists(Path.Join(directory, file)));
        gaps = gaps with { LacksPromptFiles = !hasTokenizer || !hasTemplate };
        return gaps.LacksWeights || gaps.LacksPromptFiles || gaps.LacksModelfile ? gaps : null;
    }

    /// <summary>What a hub has to bring.</summary>
    internal PullNeeds Needs => new() { Weights = LacksWeights, FileName = LacksModelfile ? null : From };

    /// <summary>Leaves out what the model has.</summary>
    /// <exception cref="HubException">The plan cannot complete the model.</exception>
    internal PullPlan Limit(PullPlan plan)
    {
        if (LacksWeights && !LacksModelfile && plan.Model?.LocalPath != From)
        {
            throw new HubException(HubError.FileNotFound, From!.StartsWith('.') || From.Contains('/', StringComparison.Ordinal)
                ? $"the Modelfile of {plan.Name} names the file {From} outside of its directory, which is missing: put the file there, or change FROM"
                : $"the Modelfile of {plan.Name} names the file {From}, and the source has {plan.Model?.LocalPath}: change FROM, or name another source");
        }

        if (LacksWeights && From is not null && new FileInfo(Path.Join(Directory, From)).LinkTarget is { } target)
            throw new HubException(HubError.NotWritable, $"{Path.Join(Directory, From)} is a link to {target}, which is missing: remove the link, and pull the model again");

        // The Modelfile of another node, or of a directory, may name another file.
        bool isOther = LacksModelfile && From is not null && plan.Model?.LocalPath != From;
        return plan with
        {
            Model = LacksWeights ? plan.Model : null,
            From = LacksModelfile ? From ?? plan.From : null,
            PromptFiles = [.. plan.PromptFiles.Where(file => !Path.Exists(Path.Join(Directory, file.LocalPath)) && !(isOther && file.LocalPath == "Modelfile"))],
        };
    }
}
