using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Models.Store;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Hub.Pull;
using RkLlama.Hub.Selection;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>Makes plans that copy a model from a path of this machine, for example from a USB stick.</summary>
/// <param name="root">The models directory, for messages.</param>
internal sealed class LocalPlan(string root)
{
    private const string ModelfileName = "Modelfile";

    /// <summary>Returns the name that a model gets if the request names none.</summary>
    internal static string NameOf(string path)
    {
        string last = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return ModelReferenceParser.IsModelFile(last) ? last[..^ModelReferenceParser.ModelExtension.Length] : last;
    }

    /// <summary>Makes a plan. Opens each file, so that a missing permission is an error before anything is copied.</summary>
    /// <param name="origin">The path and perhaps a Modelfile.</param>
    /// <param name="name">The name that the model gets.</param>
    /// <exception cref="HubException">The path cannot be read, or has no file that fits.</exception>
    /// <exception cref="ModelException">The Modelfile is not valid.</exception>
    internal PullPlan Make(PullOrigin origin, string name, SelectionRequest request)
    {
        string path = origin.Path!;
        try
        {
            return Directory.Exists(path) ? FromDirectory(path, null, origin.Modelfile, name, request) : FromFile(path, origin.Modelfile, name, request);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, name, ex);
        }
        catch (ModelfileException ex)
        {
            throw ModelException.ModelfileInvalid(ex);
        }
    }

    private static PullPlan FromFile(string path, string? modelfile, string name, SelectionRequest request)
    {
        if (!ModelReferenceParser.IsModelFile(path))
        {
            try
            {
                _ = File.GetAttributes(path);
            }
            catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
            {
                // A missing permission is another error: Directory.Exists is false also if a parent directory cannot be read.
            }

            throw new HubException(HubError.InvalidName, $"'{path}' is neither a directory nor an .rkllm file");
        }

        return FromDirectory(Path.GetDirectoryName(path)!, Path.GetFileName(path), modelfile, name, request);
    }

    /// <param name="file">The .rkllm file; <see langword="null"/> to choose one.</param>
    private static PullPlan FromDirectory(string directory, string? file, string? modelfile, string name, SelectionRequest request)
    {
        List<HubFile> weights = [.. ListFiles(directory).Where(static one => ModelReferenceParser.IsModelFile(one.Path))];
        string place = Path.Join(directory, ModelfileName);
        string? ownModelfile = modelfile is null && File.Exists(place) ? ModelfileSource.Decode(place, RegularFile.ReadAllBytes(place, FileLimits.Modelfile)).Text : null;
        string? from = ownModelfile is null ? null : ModelfileReader.Parse(ownModelfile, place).From;
        if (from is not null && file is null)
            file = NormalizedFrom(from) ?? throw new HubException(HubError.FileNotFound, $"{place} names '{from}', which is not a file of its directory");

        FileChoice choice = FileSelector.Choose(new(name, "", weights), file, null, request);
        if (choice.File is not { } chosen)
        {
            string list = string.Concat(choice.Candidates.Take(20).Select(one => $"\n  rkllama pull '{Path.Join(directory, one.Path)}'"));
            throw file is null || weights.Count > 0
                ? new HubException(HubError.FileNotFound, $"{choice.Reason.Replace("the repository", directory, StringComparison.Ordinal)}{(list.Length > 0 ? "; choose one:" : "")}{list}")
                : new FileNotFoundException($"Could not find file '{Path.Join(directory, file)}'.");
        }

        if (chosen.Size == 0)
            throw new HubException(HubError.Corrupt, $"{Path.Join(directory, chosen.Path)} is empty, so it is not a model");

        // If the directory has several models, the other files belong to the chosen one only if a Modelfile names it.
        bool belongs = weights.Count == 1 || (from is not null && NormalizedFrom(from) == chosen.Path);
        List<PlannedFile> others = belongs ? [.. PromptFiles.In(new(name, "", [.. ListFiles(directory), .. ListFiles(directory, "additional_chat_templates")]), "").Select(found => Plan(directory, found.File))] : [];
        bool keepsModelfile = from is not null && NormalizedFrom(from) == chosen.Path;
        if (keepsModelfile)
            others.Add(Plan(directory, new(ModelfileName, new FileInfo(place).Length)));
        if ((modelfile ?? (keepsModelfile ? ownModelfile : null)) is { } text && TemplateFileOf(text, directory) is { } template && others.TrueForAll(one => one.LocalPath != template.Path))
            others.Add(Plan(directory, template));
        return new()
        {
            Name = name,
            Model = Plan(directory, chosen),
            From = keepsModelfile ? null : chosen.Name,
            Modelfile = modelfile is null ? null : WithFrom(modelfile, chosen.Name),
            Repository = "",
            PromptFiles = others,
            Reason = choice.Reason,
            Warnings = PromptFiles.HasTokenizer(others.Select(static one => one.Source.File)) ? choice.Warnings
                : [.. choice.Warnings, $"{directory} has no tokenizer of this model: 'rkllama pull OWNER/REPOSITORY {name}' downloads it from the model that it was made from. Without it the server counts tokens by estimate"],
        };
    }

    /// <summary>Returns the file in the directory that TEMPLATE of a Modelfile names; <see langword="null"/> if it names none, or the file is missing.</summary>
    private static HubFile? TemplateFileOf(string modelfile, string directory) =>
        ModelfileReader.Parse(modelfile).Template is { } name && name.EndsWith(".jinja", StringComparison.Ordinal) && ModelName.IsPlain(name)
        && FileStatus.Of(Path.Join(directory, name)) is { Kind: FileKind.Regular } status
            ? new(name, status.Size)
            : null;

    private static PlannedFile Plan(string directory, HubFile file)
    {
        string path = Path.Join(directory, file.Path);
        RegularFile.OpenHandle(path).Dispose();
        return new(new LocalFile(file, path), "", file.Path);
    }

    private static IEnumerable<HubFile> ListFiles(string directory, string? below = null)
    {
        string place = Path.Join(directory, below);
        return below is not null && !Directory.Exists(place)
            ? []
            : Directory.EnumerateFiles(place).Order(StringComparer.Ordinal)
                .Select(path => (Path: Path.GetRelativePath(directory, path), Status: FileStatus.Of(path)))
                .Where(static one => one.Status is { Kind: FileKind.Regular })
                .Select(static one => new HubFile(one.Path, one.Status!.Value.Size));
    }

    /// <summary>Returns the name of a file that FROM names in the directory of the Modelfile; <see langword="null"/> if the file is elsewhere.</summary>
    private static string? NormalizedFrom(string from)
    {
        string name = from.StartsWith("./", StringComparison.Ordinal) ? from[2..] : from;
        return ModelName.IsPlain(name) ? name : null;
    }

    /// <summary>Returns the Modelfile with the file of the new model's directory as FROM.</summary>
    internal static string WithFrom(string modelfile, string file)
    {
        _ = ModelfileReader.Parse(modelfile);
        return ModelfileRewriter.SetFrom(modelfile, file) ?? throw ModelException.FromNotRewritable(ModelfileName);
    }

    private HubException Unreadable(string path, string name, Exception cause)
    {
        string target = Path.Join(root, name), user = Environment.UserName;
        string copy = ModelReferenceParser.IsModelFile(path)
            ? $"sudo install -d -o {user} '{target}' && sudo install -o {user} -m 644 '{path}' '{target}'"
            : $"sudo cp -rT '{path}' '{target}' && sudo chown -R {user} '{target}'";
        return new(HubError.FileNotFound,
            $"the server, which runs as {user}, cannot read '{path}' ({cause.Message.TrimEnd('.')}). If the path is right, copy the model into the models directory: `{copy}`", cause);
    }
}
