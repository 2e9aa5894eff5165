using System.Diagnostics;
using System.Text;

namespace RkLlama.Attack.Attacks;

/// <summary>Model directories that hold the server up, and changes of models.</summary>
internal static class ModelAttacks
{
    private const int ManyModels = 1000;

    // Two million loop iterations, within the limits of the template language.
    private const string BurningTemplate =
        "{%- set r = range(1000) %}{%- for i in range(2000) %}{%- for j in r %}{%- if i == j + 5000 %}x{%- endif %}{%- endfor %}{%- endfor %}{{- messages[-1].content }}";

    private const string DoublingTemplate =
        "{%- set ns = namespace(t=messages[-1].content + ' and more') %}{%- for i in range(40) %}{%- set ns.t = ns.t + ns.t %}{%- endfor %}{{- ns.t }}";

    // Few steps, each of which reads a long text.
    private const string ReadingTemplate =
        "{%- set s = 'x' * 8000000 %}{%- set n = 'x' * 40000 ~ 'y' ~ 'x' * 40000 %}{%- for i in range(2000) %}{%- set r = s.isalnum() %}{%- set r = s|wordcount %}"
        + "{%- set r = n in s %}{%- set r = s.replace(n, '') %}{%- endfor %}{{- messages[-1].content }}";

    private const string GrowingNormalizer = "\"normalizer\": {\"type\":\"Sequence\",\"normalizers\":[RULE,RULE,RULE]}";

    internal static IEnumerable<Attack> All =>
    [
        new("template that burns CPU, 40 clients", context => ChatAsync(context, "burning", 40)) { Prepare = (models, demo) => AddTemplate(models, demo, "burning", BurningTemplate) },
        new("template that doubles its text", context => ChatAsync(context, "doubling", 20)) { Prepare = (models, demo) => AddTemplate(models, demo, "doubling", DoublingTemplate) },
        new("string operations in templates", context => ChatAsync(context, "reading", 20)) { Prepare = (models, demo) => AddTemplate(models, demo, "reading", ReadingTemplate) },
        new("tokenizer whose normalizer grows the text", context => ChatAsync(context, "growing", 20)) { Prepare = AddGrowing },
        new("FIFOs as files of models", FifosAsync) { Prepare = AddFifos },
        new("1,000 models and lists in a loop", ListAsync) { Prepare = AddMany },
        new("copy and delete in a loop", CopyAsync),
        new("load and unload in a loop", LoadAsync) { Unloads = true, Prepare = (models, demo) => DemoModel.Copy(demo, Path.Combine(models, "other")) },
    ];

    private static void AddTemplate(string models, string demo, string name, string template) =>
        DemoModel.Copy(demo, Path.Combine(models, name), (file, text) => file == "chat_template.jinja" ? template : text);

    private static void AddGrowing(string models, string demo)
    {
        string rule = $$"""{"type":"Replace","pattern":{"String":"e"},"content":"{{new string('e', 1000)}}"}""";
        DemoModel.Copy(
            demo,
            Path.Combine(models, "growing"),
            (file, text) => file == "tokenizer.json" ? text.Replace("\"normalizer\": null", GrowingNormalizer.Replace("RULE", rule, StringComparison.Ordinal), StringComparison.Ordinal) : text);
    }

    private static Task ChatAsync(AttackContext context, string model, int clients) => context.LoopAsync(
        clients, _ => context.PostAsync("/v1/chat/completions", $$"""{"model":"{{model}}","max_tokens":4,"messages":[{"role":"user","content":"!echo hello eee"}]}""", Expected.Reason));

    private static void AddFifos(string models, string demo)
    {
        foreach (string file in (string[])["Modelfile", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
        {
            string model = Path.Combine(models, $"fifo-{file.Split('.')[0]}"), path = Path.Combine(model, file);
            DemoModel.Copy(demo, model);
            File.Delete(path);
            using Process mkfifo = Process.Start("mkfifo", [path]);
            mkfifo.WaitForExit();
        }
    }

    private static Task FifosAsync(AttackContext context)
    {
        string[] lists = ["/models", "/api/tags", "/v1/models", "/metrics"];
        string[] models = ["fifo-Modelfile", "fifo-tokenizer", "fifo-tokenizer_config", "fifo-chat_template"];
        return Task.WhenAll(
            context.LoopAsync(4, client => context.GetAsync(lists[client]), pauseMs: 50),
            context.LoopAsync(4, client => context.PostAsync("/api/show", $$"""{"model":"{{models[client]}}"}""", Expected.Reason), pauseMs: 50),
            context.LoopAsync(
                4, client => context.PostAsync("/v1/chat/completions", $$"""{"model":"{{models[client]}}","messages":[{"role":"user","content":"!echo hello"}]}""", Expected.Reason), pauseMs: 50));
    }

    private static void AddMany(string models, string demo)
    {
        for (int i = 0; i < ManyModels; i++)
            DemoModel.Copy(demo, Path.Combine(models, $"model-{i}"));
    }

    private static Task ListAsync(AttackContext context)
    {
        string[] lists = ["/models", "/api/tags", "/v1/models", "/api/ps"];
        return context.LoopAsync(4, client => context.GetAsync(lists[client]));
    }

    private static Task CopyAsync(AttackContext context) => context.LoopAsync(
        4,
        async client =>
        {
            await context.PostAsync("/api/copy", $$"""{"source":"demo","destination":"copy-{{client}}"}""", Expected.Any).ConfigureAwait(false);
            await context.GetAsync("/api/tags").ConfigureAwait(false);
            byte[] delete = RawClient.Request("DELETE", "/api/delete", Encoding.UTF8.GetBytes($$"""{"model":"copy-{{client}}"}"""));
            await context.AskAsync(delete, Expected.Any).ConfigureAwait(false);
        },
        pauseMs: 10);

    private static Task LoadAsync(AttackContext context) => context.LoopAsync(
        4,
        async client =>
        {
            await context.PostAsync("/unload_model", "{}", Expected.Reason).ConfigureAwait(false);
            await context.PostAsync("/load_model", $$"""{"model_name":"{{(client % 2 == 0 ? "demo" : "other")}}"}""", Expected.Reason).ConfigureAwait(false);
        },
        pauseMs: 50);
}
