using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// Every model of the node. A check that all models pass is one line; else each model that does not has a line. A model is looked at as far as it can be found.
/// </summary>
internal sealed class ModelChecks(Patient patient)
{
    private readonly List<ModelEntry> _models = [];
    private readonly List<Finding> _findings = [];

    internal static IEnumerable<Finding> All(Patient patient) => new ModelChecks(patient).Look();

    private List<Finding> Look()
    {
        if (!LookAtDirectory())
            return _findings;

        LookAtModelfiles();
        Each(CheckIds.ModelFile, "every model file is there, and no file of another kind", static entry => ModelFileCheck.FindProblem(entry.ModelPath) is { } fault
            ? (Verdict.Failure, fault, "the file has to be the .rkllm that FROM names")
            : null);
        LookAtPermissions();
        LookAtMemory();
        LookAtPrompts();
        return _findings;
    }

    private bool LookAtDirectory()
    {
        string root = patient.Models.Root;
        try
        {
            bool isEmpty = Names(root).Count == 0;
            _findings.Add(isEmpty
                ? Finding.Warning(CheckIds.ModelsDirectory, $"there is no model in {patient.Shown(root)}", "a model is a directory with a Modelfile and the .rkllm file that it names: docs/modelfile.md")
                : Finding.Ok(CheckIds.ModelsDirectory, patient.Shown(root)));
            return !isEmpty;
        }
        catch (ModelException ex)
        {
            _findings.Add(Finding.Failure(CheckIds.ModelsDirectory, patient.Shown(ex.Message.TrimEnd('.')), "make it, or name another with RKLLAMA_MODELS; the service's user has to read it"));
            return false;
        }
    }

    /// <summary>The models, and directories that would be one if their Modelfile could be read.</summary>
    private List<string> Names(string root) =>
        [.. patient.Models.List().Union(Directory.EnumerateDirectories(root).Where(static directory => File.Exists(Path.Join(directory, "Modelfile"))).Select(static path => Path.GetFileName(path)))];

    private void LookAtModelfiles()
    {
        int before = _findings.Count;
        foreach (string name in Names(patient.Models.Root))
        {
            try
            {
                ModelEntry entry = patient.Models.Find(name);
                _models.Add(entry);
                _findings.AddRange(entry.Modelfile.Warnings.Select(warning => Finding.Warning(CheckIds.Modelfile, patient.Shown(warning), "docs/modelfile.md has all keys")));
            }
            catch (ModelException ex)
            {
                string place = ex.InnerException is ModelfileException ? "" : $"{name}: ";
                _findings.Add(Finding.Failure(CheckIds.Modelfile, patient.Shown(place + ex.Message.TrimEnd('.')), "docs/modelfile.md has all keys; FROM names the .rkllm file"));
            }
        }

        if (_findings.Count == before)
            _findings.Add(Finding.Ok(CheckIds.Modelfile, "every Modelfile can be read"));
    }

    private void LookAtPermissions()
    {
        AccessWish[] wishes =
        [
            new(patient.Models.Root, Writes: false),
            .. _models.SelectMany(static entry => (string?[])
                [RealPath.Resolve(entry.ModelPath), .. entry.Directory is { } folder ? (string[])["Modelfile", "tokenizer.json", "tokenizer_config.json"] : []])
                .OfType<string>().Where(Path.Exists).Select(static path => new AccessWish(path, Writes: false)),
        ];
        string[] refused = [.. patient.Refused(patient, wishes).Select(wish => patient.Shown(wish.Path))];
        _findings.Add(refused.Length == 0
            ? Finding.Ok(CheckIds.ModelPermission, $"the user '{patient.User}' may read the models")
            : Finding.Failure(CheckIds.ModelPermission, $"the user '{patient.User}' cannot read {string.Join(", ", refused)}",
                $"/usr/lib/rkllama/share {patient.Shown(patient.Models.Root)} gives the service its rights; files in home directories have to be moved"));
    }

    private void LookAtMemory()
    {
        MemoryReading? memory = patient.Hardware.Memory;
        Each(CheckIds.ModelMemory, "every model fits into the free memory", entry =>
            MemoryCheck.FindProblem(entry.ModelPath, memory?.TotalBytes) is not null
                ? (Verdict.Failure, $"{entry.Name} is larger than the memory of this node ({memory!.TotalBytes >> 20} MiB)", "use a smaller model, or a board with more memory")
                : MemoryCheck.FindProblem(entry.ModelPath, memory?.AvailableBytes) is not null
                    ? (Verdict.Warning, $"{entry.Name} is larger than the {memory!.AvailableBytes >> 20} MiB that are free now", "unload the loaded model, or end what else runs on the node")
                    : null);
    }

    private void LookAtPrompts()
    {
        Dictionary<ModelEntry, IReadOnlyList<PromptNote>> notes = _models.ToDictionary(static entry => entry, Notes);
        Each(CheckIds.Tokenizer, "every model has its tokenizer", entry => Worst(entry, PromptPart.Tokenizer,
            "put the tokenizer.json of the model's repository into its directory; prompts and counts are exact then"));
        Each(CheckIds.Template, "every model has its chat template", entry => Worst(entry, PromptPart.Template,
            "put the tokenizer_config.json or chat_template.jinja of the model's repository into its directory, or set TEMPLATE"));

        (Verdict, string, string)? Worst(ModelEntry entry, PromptPart part, string remedy) =>
            notes[entry].FirstOrDefault(note => note.IsWarning && note.Part == part) is { } note ? (Verdict.Warning, $"{entry.Name}: {note.Text.TrimEnd('.')}", remedy) : null;
    }

    private IReadOnlyList<PromptNote> Notes(ModelEntry entry)
    {
        string cache = patient.Unit?.Variable("HF_HUB_CACHE") ?? Path.Join(patient.Unit?.Variable("HF_HOME") ?? Path.Join(patient.Home, ".cache", "huggingface"), "hub");
        try
        {
            PromptSettings settings = PromptSource.SettingsOf(entry);
            return PromptBuilder.Load(patient.Unit is null ? settings : settings with { HuggingFaceCache = patient.At(cache) }, TimeProvider.System).Notes;
        }
        catch (Exception ex) when (ex is PromptException or IOException or UnauthorizedAccessException)
        {
            return [new(PromptPart.Template, ex.Message, IsWarning: true)];
        }
    }

    private void Each(string id, string ok, Func<ModelEntry, (Verdict Verdict, string Text, string Remedy)?> look)
    {
        Finding[] found = [.. _models.Select(look).OfType<(Verdict Verdict, string Text, string Remedy)>()
            .Select(fault => new Finding(id, fault.Verdict, patient.Shown(fault.Text.TrimEnd('.')), fault.Remedy))];
        _findings.AddRange(found.Length > 0 ? found : [Finding.Ok(id, ok)]);
    }
}
