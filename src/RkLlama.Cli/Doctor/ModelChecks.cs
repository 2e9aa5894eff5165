using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// Checks all models. If all models pass a check, the check has one finding; otherwise it has one finding for each model that does not pass. A model with
/// an invalid Modelfile is not checked further.
/// </summary>
internal sealed class ModelChecks(NodeSnapshot node)
{
    private readonly List<ModelEntry> _models = [];
    private readonly List<Finding> _findings = [];

    internal static IEnumerable<Finding> All(NodeSnapshot node) => new ModelChecks(node).Run();

    private List<Finding> Run()
    {
        if (!CheckDirectory())
            return _findings;

        CheckModelfiles();
        CheckEach(CheckIds.ModelFile, "every model file exists and looks valid", static entry => ModelFileCheck.FindProblem(entry.ModelPath) is { } problem
            ? (Verdict.Failure, problem, "FROM must name the .rkllm file")
            : null);
        CheckPermissions();
        CheckMemory();
        CheckPrompts();
        return _findings;
    }

    private bool CheckDirectory()
    {
        const string Remedy = "create it, or set another one with RKLLAMA_MODELS; the service's user must be able to read it";
        string root = node.Models.Root;
        try
        {
            if (!Directory.Exists(root))
            {
                _findings.Add(Finding.Failure(CheckIds.ModelsDirectory, $"Models directory '{node.Display(root)}' not found", Remedy));
                return false;
            }

            bool isEmpty = Names().Count == 0;
            _findings.Add(isEmpty
                ? Finding.Warning(CheckIds.ModelsDirectory, $"there is no model in {node.Display(root)}", "add a model: a directory with a Modelfile and the .rkllm file that it names, see docs/modelfile.md")
                : Finding.Ok(CheckIds.ModelsDirectory, node.Display(root)));
            return !isEmpty;
        }
        catch (ModelException ex)
        {
            _findings.Add(Finding.Failure(CheckIds.ModelsDirectory, node.Display(ex.Message.TrimEnd('.')), Remedy));
            return false;
        }
    }

    /// <summary>Returns the names of all models and of all directories with a Modelfile, also if the Modelfile is invalid or the .rkllm file is missing.</summary>
    private IReadOnlyList<string> Names() => node.Models.ListAll();

    private void CheckModelfiles()
    {
        int before = _findings.Count;
        foreach (string name in Names())
        {
            try
            {
                ModelEntry entry = node.Models.Find(name);
                _models.Add(entry);
                _findings.AddRange(entry.Modelfile.Warnings.Select(warning => Finding.Warning(CheckIds.Modelfile, node.Display(warning), "see docs/modelfile.md for all keys")));
            }
            catch (ModelException ex)
            {
                string prefix = ex.InnerException is ModelfileException ? "" : $"{name}: ";
                _findings.Add(Finding.Failure(CheckIds.Modelfile, node.Display(prefix + ex.Message.TrimEnd('.')), "see docs/modelfile.md for all keys; FROM names the .rkllm file"));
            }
        }

        if (_findings.Count == before)
            _findings.Add(Finding.Ok(CheckIds.Modelfile, "every Modelfile can be read"));
    }

    private void CheckPermissions()
    {
        PathAccess[] paths =
        [
            new(node.Models.Root, NeedsWrite: false),
            .. _models.SelectMany(FilesOf).Where(Path.Exists).Select(static path => new PathAccess(path, NeedsWrite: false)),
        ];
        string[] denied = [.. node.FindDenied(node, paths).Select(path => node.Display(path.Path))];
        _findings.Add(denied.Length == 0
            ? Finding.Ok(CheckIds.ModelPermission, $"the user '{node.User}' may read the models")
            : Finding.Failure(CheckIds.ModelPermission, $"the user '{node.User}' cannot read {string.Join(", ", denied)}",
                $"/usr/lib/rkllama/share {node.Display(node.Models.Root)} grants the service read access; files in home directories must be moved"));
    }

    private static IEnumerable<string> FilesOf(ModelEntry entry)
    {
        yield return RealPath.Resolve(entry.ModelPath);
        if (entry.Directory is not { } directory)
            yield break;
        foreach (string name in (string[])["Modelfile", "tokenizer.json", "tokenizer_config.json", "chat_template.json", "chat_template.jinja"])
            yield return RealPath.Resolve(Path.Join(directory, name));
        if (PromptBuilderFactory.SettingsOf(entry).Tokenizer is { } tokenizer)
            yield return RealPath.Resolve(Path.Combine(directory, tokenizer));
    }

    private void CheckMemory()
    {
        MemoryReading? memory = node.Hardware.Memory;
        CheckEach(CheckIds.ModelMemory, "every model fits into the free memory", entry =>
            MemoryCheck.FindProblem(entry.ModelPath, memory?.TotalBytes) is not null
                ? (Verdict.Failure, $"{entry.Name} is larger than the memory of this node ({memory!.TotalBytes >> 20} MiB)", "use a smaller model or a board with more memory")
                : MemoryCheck.FindProblem(entry.ModelPath, memory?.AvailableBytes) is not null
                    ? (Verdict.Warning, $"{entry.Name} is larger than the {memory!.AvailableBytes >> 20} MiB that are free now", "unload the loaded model, or end other programs on the node")
                    : null);
    }

    private void CheckPrompts()
    {
        Dictionary<ModelEntry, IReadOnlyList<PromptNote>> notes = _models.ToDictionary(static entry => entry, Notes);
        CheckEach(CheckIds.Tokenizer, "every model has its tokenizer", entry => FirstWarning(entry, PromptComponent.Tokenizer,
            "copy tokenizer.json from the model's repository into its directory, for exact prompts and token counts"));
        CheckEach(CheckIds.Template, "every model has its chat template", entry => FirstWarning(entry, PromptComponent.Template,
            "copy tokenizer_config.json or chat_template.jinja from the model's repository into its directory, or set TEMPLATE"));

        (Verdict, string, string)? FirstWarning(ModelEntry entry, PromptComponent part, string remedy) =>
            notes[entry].FirstOrDefault(note => note.IsWarning && note.Part == part) is { } note
                ? (Verdict.Warning, $"{entry.Name}: {note.Text.TrimEnd('.')}", note.Command is { } command ? $"run: {command}" : remedy)
                : null;
    }

    private IReadOnlyList<PromptNote> Notes(ModelEntry entry)
    {
        string cache = node.Unit?.Variable("HF_HUB_CACHE") ?? Path.Join(node.Unit?.Variable("HF_HOME") ?? Path.Join(node.Home, ".cache", "huggingface"), "hub");
        try
        {
            PromptSettings settings = PromptBuilderFactory.SettingsOf(entry);
            return PromptBuilder.Load(node.Unit is null ? settings : settings with { HuggingFaceCache = node.PathOf(cache) }, TimeProvider.System).Notes;
        }
        catch (Exception ex) when (ex is PromptException or IOException or UnauthorizedAccessException)
        {
            return [new(PromptComponent.Template, ex.Message, IsWarning: true)];
        }
    }

    private void CheckEach(string id, string ok, Func<ModelEntry, (Verdict Verdict, string Text, string Remedy)?> check)
    {
        Finding[] found = [.. _models.Select(check).OfType<(Verdict Verdict, string Text, string Remedy)>()
            .Select(problem => new Finding(id, problem.Verdict, node.Display(problem.Text.TrimEnd('.')), problem.Remedy))];
        _findings.AddRange(found.Length > 0 ? found : [Finding.Ok(id, ok)]);
    }
}
