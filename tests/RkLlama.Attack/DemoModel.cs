namespace RkLlama.Attack;

/// <summary>Copies the demo model, with changes.</summary>
internal static class DemoModel
{
    private static readonly string[] Files = ["demo.rkllm", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

    /// <param name="source">The directory of the demo model.</param>
    /// <param name="change">Changes the text of a file; receives its name and text.</param>
    internal static void Copy(string source, string target, Func<string, string, string>? change = null)
    {
        Directory.CreateDirectory(target);
        File.WriteAllText(Path.Combine(target, "Modelfile"), "FROM=\"demo.rkllm\"\nSYSTEM=\"\"\n");
        foreach (string file in Files)
        {
            if (change is null)
                File.Copy(Path.Combine(source, file), Path.Combine(target, file));
            else
                File.WriteAllText(Path.Combine(target, file), change(file, File.ReadAllText(Path.Combine(source, file))));
        }
    }
}
