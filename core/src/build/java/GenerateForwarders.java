import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.util.ElementFilter;
import javax.tools.ToolProvider;

/**
 * Build step: writes the abstract {@code ForwardingX} classes of the JDBC wrappers from
 * {@code src/main/forwarding/X.txt}; every method of every wrapped interface is classified there exactly once, or
 * nothing is written.
 *
 * <p>The interfaces are those of the release being compiled for, as javac knows them, not those of the JDK that happens
 * to build: a newer JDK gives the same output.
 *
 * <p>Usage: {@code java GenerateForwarders.java <release> <package> <classification folder> <output folder>}
 */
public final class GenerateForwarders {

    /**
     * One wrapped interface.
     *
     * @param name in java.sql
     * @param parentInterface whose methods are not repeated, null for none
     * @param parentClass the hand-written class to extend, null for none
     * @param recorderType of what remembers KEEP calls, null for none
     * @param recorder the name of its accessor, null for none
     */
    record Target(String name, String parentInterface, String parentClass, String recorderType, String recorder) {}

    private static final List<Target> TARGETS = List.of(
            new Target("Connection", null, null, null, null),
            new Target("Statement", null, null, "StatementSettings", "settings"),
            new Target("PreparedStatement", "Statement", "BatonStatement", "BoundParameters", "parameters"),
            new Target(
                    "CallableStatement",
                    "PreparedStatement",
                    "BatonPreparedStatement",
                    "OutParameters",
                    "outParameters"),
            new Target("ResultSet", null, null, null, null),
            new Target("DatabaseMetaData", null, null, null, null));

    /** Types that must never leave a wrapper as the delegate made them. */
    private static final Set<String> OURS =
            TARGETS.stream().map(target -> "java.sql." + target.name()).collect(Collectors.toUnmodifiableSet());

    /** What the words in a classification file make of a method; the files explain them to the reader. */
    enum Rule {
        PASS,
        GUARD,
        RECORD_RUN,
        RECORD_KEEP,
        RECORD_GUARDED,
        RECORD_STREAM,
        RECORD_READ,
        WRAP
    }

    private final JavacTask javac;
    private final List<String> problems = new ArrayList<>();

    private GenerateForwarders(String release) {
        javac = (JavacTask) ToolProvider.getSystemJavaCompiler()
                .getTask(
                        null,
                        null,
                        null,
                        List.of("--release", release, "-proc:none"),
                        List.of("java.lang.Object"),
                        null);
    }

    public static void main(String... args) throws IOException {
        String packageName = args[1];
        Path output = Path.of(args[3], packageName.split("\\."));
        GenerateForwarders generator = new GenerateForwarders(args[0]);
        Map<Path, String> sources = new TreeMap<>();
        for (Target target : TARGETS) {
            Path classification = Path.of(args[2], target.name() + ".txt");
            sources.put(
                    output.resolve("Forwarding" + target.name() + ".java"),
                    generator.source(packageName, target, classification));
        }
        if (!generator.problems.isEmpty()) {
            System.err.println(String.join("\n", generator.problems));
            System.exit(1);
        }
        Files.createDirectories(output);
        for (Map.Entry<Path, String> source : sources.entrySet()) {
            // An untouched file keeps its time stamp, and the compiler its incremental build.
            if (!Files.exists(source.getKey())
                    || !Files.readString(source.getKey()).equals(source.getValue())) {
                Files.writeString(source.getKey(), source.getValue());
            }
        }
    }

    private String source(String packageName, Target target, Path classification) throws IOException {
        Map<String, Rule> rules = read(classification);
        Map<String, ExecutableElement> methods = methods(target);
        StringBuilder body = new StringBuilder();
        for (Map.Entry<String, ExecutableElement> entry : methods.entrySet()) {
            String signature = entry.getKey();
            Rule rule = rules.remove(signature);
            if (rule == null) {
                problems.add("java.sql." + target.name() + "." + signature + " is not classified: give it PASS, GUARD,"
                        + " RECORD or WRAP in " + classification);
            } else if (rule != Rule.WRAP) {
                body.append(new Method(target, signature, rule, entry.getValue()).text());
            }
        }
        for (String stale : rules.keySet()) {
            problems.add(classification + " classifies " + stale + ", which java.sql." + target.name()
                    + " does not declare: remove the line");
        }
        return header(packageName, target) + body + "}\n";
    }

    private String header(String packageName, Target target) {
        String type = "java.sql." + target.name();
        boolean root = target.parentClass() == null;
        List<String> lines = new ArrayList<>(List.of(
                "// Generated by GenerateForwarders from src/main/forwarding/" + target.name() + ".txt.",
                "package " + packageName + ";",
                "",
                "/** Forwards the methods of {@link " + type + "} that need no hand-written code. */",
                "@org.jspecify.annotations.NullUnmarked",
                "@SuppressWarnings({\"deprecation\", \"removal\"})",
                "abstract class Forwarding" + target.name() + (root ? "" : " extends " + target.parentClass())
                        + " implements " + type + " {"));
        if (root) {
            lines.add("    /** The delegate of this moment, for calls that touch no network. */");
        } else {
            // The hand-written parent has no constructor without arguments.
            lines.add("    Forwarding" + target.name() + "(BatonConnection connection, StatementRequest request, "
                    + type + " made) {");
            lines.add("        super(connection, request, made);");
            lines.add("    }");
            lines.add("");
        }
        lines.add((root ? "    abstract " : "    @Override\n    abstract ") + type + " delegate();");
        lines.add("");
        if (root) {
            lines.add("    /** The delegate on a session that was attached just now. */");
        }
        lines.add((root ? "    abstract " : "    @Override\n    abstract ") + type
                + " attached() throws java.sql.SQLException;");
        if (root) {
            lines.add("");
            lines.add("    /** Returns when the call may run again on {@link #attached}, else throws. */");
            lines.add("    abstract void recover(java.sql.SQLException failure) throws java.sql.SQLException;");
        }
        if (target.recorder() != null) {
            lines.add("");
            lines.add("    abstract " + target.recorderType() + " " + target.recorder() + "();");
        }
        if (target.name().equals("Statement")) {
            lines.add("");
            lines.add("    /** What was sent has succeeded. */");
            lines.add("    abstract void ran() throws java.sql.SQLException;");
            lines.add("");
            lines.add("    /** The delegate, ready to run the text: the step is in the journal. */");
            lines.add("    abstract java.sql.Statement sending(String sql, Run run, Object keys)"
                    + " throws java.sql.SQLException;");
            lines.add("");
            lines.add(
                    "    abstract void recover(java.sql.SQLException failure, String sql) throws java.sql.SQLException;");
        }
        if (target.name().equals("PreparedStatement")) {
            lines.add("");
            lines.add("    abstract java.sql.PreparedStatement sending(Run run) throws java.sql.SQLException;");
            lines.add("");
            lines.add("    abstract void recoverRun(java.sql.SQLException failure) throws java.sql.SQLException;");
            lines.add("");
            lines.add("    abstract void recoverBinding(java.sql.SQLException failure, Object value)"
                    + " throws java.sql.SQLException;");
            lines.add("");
            lines.add("    /** A stream was part-read: what to throw instead of running the call again. */");
            lines.add("    abstract java.sql.SQLException consumed(java.sql.SQLException failure);");
        }
        if (Set.of("Statement", "DatabaseMetaData").contains(target.name())) {
            lines.add("");
            lines.add("    /** Ours around the delegate's result. */");
            lines.add(
                    "    abstract java.sql.ResultSet wrapped(java.sql.ResultSet result) throws java.sql.SQLException;");
        }
        return String.join("\n", lines) + "\n";
    }

    /** Lines of {@code RULE [FLAVOUR] method(Type,Type)}; {@code #} begins a comment. */
    private Map<String, Rule> read(Path classification) throws IOException {
        Map<String, Rule> rules = new TreeMap<>();
        for (String line : Files.readAllLines(classification)) {
            String text = line.replaceFirst("#.*", "").strip();
            if (text.isEmpty()) {
                continue;
            }
            int gap = text.lastIndexOf(' ');
            String rule = gap < 0 ? "" : text.substring(0, gap).strip().replaceAll("\\s+", "_");
            String signature = text.substring(gap + 1);
            try {
                if (rules.put(signature, Rule.valueOf(rule)) != null) {
                    problems.add(classification + " classifies " + signature + " twice");
                }
            } catch (IllegalArgumentException e) {
                problems.add(classification + ": no such rule: " + text);
            }
        }
        return rules;
    }

    /** The instance methods an implementation must answer, by signature, without those of the parent interface. */
    private Map<String, ExecutableElement> methods(Target target) {
        Set<String> inherited = new HashSet<>();
        if (target.parentInterface() != null) {
            allMethods(target.parentInterface()).forEach(method -> inherited.add(signature(method)));
        }
        Map<String, ExecutableElement> methods = new TreeMap<>();
        for (ExecutableElement method : allMethods(target.name())) {
            if (!inherited.contains(signature(method))) {
                methods.put(signature(method), method);
            }
        }
        return methods;
    }

    private List<ExecutableElement> allMethods(String name) {
        return ElementFilter.methodsIn(javac.getElements().getAllMembers(type(name))).stream()
                .filter(method -> !method.getModifiers().contains(Modifier.STATIC))
                .filter(method -> method.getEnclosingElement().getKind().isInterface())
                .toList();
    }

    private TypeElement type(String name) {
        return javac.getElements().getTypeElement("java.sql." + name);
    }

    private String signature(ExecutableElement method) {
        return method.getParameters().stream()
                .map(parameter -> simple(javac.getTypes().erasure(parameter.asType())))
                .collect(Collectors.joining(",", method.getSimpleName() + "(", ")"));
    }

    private static String simple(TypeMirror type) {
        String text = type.toString();
        return text.substring(text.lastIndexOf('.') + 1);
    }

    /** One method to write. */
    private final class Method {
        private final Target target;
        private final Rule rule;
        private final String name;
        private final ExecutableType type;
        private final List<String> arguments = new ArrayList<>();

        Method(Target target, String signature, Rule rule, ExecutableElement method) {
            this.target = target;
            this.rule = rule;
            name = method.getSimpleName().toString();
            type = (ExecutableType) javac.getTypes()
                    .asMemberOf((DeclaredType) type(target.name()).asType(), method);
            for (int i = 0; i < type.getParameterTypes().size(); i++) {
                arguments.add("p" + i);
            }
            if (OURS.contains(result()) && !resultIsWrapped()) {
                problems.add("java.sql." + target.name() + "." + signature + " returns " + result() + " and is " + rule
                        + ": it must be WRAP");
            }
        }

        private String result() {
            return type.getReturnType().toString();
        }

        private boolean returnsVoid() {
            return type.getReturnType().getKind() == TypeKind.VOID;
        }

        private boolean resultIsWrapped() {
            return result().equals("java.sql.ResultSet") && (rule == Rule.GUARD || rule == Rule.RECORD_RUN);
        }

        private String call(String receiver) {
            return receiver + "." + name + "(" + String.join(", ", arguments) + ")";
        }

        private String text() {
            StringBuilder text = new StringBuilder("\n    @Override\n    public ");
            if (!type.getTypeVariables().isEmpty()) {
                text.append(type.getTypeVariables().stream()
                        .map(TypeVariable::toString)
                        .collect(Collectors.joining(", ", "<", "> ")));
            }
            text.append(result()).append(' ').append(name).append('(');
            for (int i = 0; i < arguments.size(); i++) {
                text.append(i == 0 ? "" : ", ")
                        .append(type.getParameterTypes().get(i))
                        .append(' ')
                        .append(arguments.get(i));
            }
            text.append(')');
            if (!type.getThrownTypes().isEmpty()) {
                text.append(type.getThrownTypes().stream()
                        .map(TypeMirror::toString)
                        .collect(Collectors.joining(", ", " throws ", "")));
            }
            text.append(" {\n");
            body().forEach(line -> text.append("        ").append(line).append('\n'));
            return text.append("    }\n").toString();
        }

        private List<String> body() {
            String keep = call(target.recorder() + "()") + ";";
            return switch (rule) {
                case PASS, RECORD_READ -> List.of((returnsVoid() ? "" : "return ") + call("delegate()") + ";");
                case RECORD_KEEP -> List.of(call("delegate()") + ";", keep);
                case GUARD -> loop("attached()", "recover(failure)", null);
                case RECORD_GUARDED -> loop("attached()", "recoverBinding(failure, p1)", keep);
                case RECORD_RUN ->
                    target.name().equals("Statement")
                            ? loop("sending(p0, " + run() + ", " + keys() + ")", "recover(failure, p0)", "ran();")
                            : loop("sending(" + run() + ")", "recoverRun(failure)", "ran();");
                case RECORD_STREAM ->
                    List.of(
                            "java.sql." + target.name() + " target = attached();",
                            "try {",
                            "    " + call("target") + ";",
                            "} catch (java.sql.SQLException failure) {",
                            "    throw consumed(failure);",
                            "}",
                            target.recorder() + "().stream(p0);");
                case WRAP -> throw new IllegalStateException("WRAP is written by hand");
            };
        }

        /** By which method the statement is run, for its replay. */
        private String run() {
            return "Run."
                    + switch (name) {
                        case "execute" -> "EXECUTE";
                        case "executeQuery" -> "QUERY";
                        case "executeUpdate" -> "UPDATE";
                        case "executeLargeUpdate" -> "LARGE_UPDATE";
                        default -> throw new IllegalStateException("no constant of Run stands for " + name);
                    };
        }

        private String keys() {
            return arguments.size() > 1 ? "p1" : "null";
        }

        private List<String> loop(String guard, String recover, String keep) {
            String call = resultIsWrapped() ? "wrapped(" + call("target") + ")" : call("target");
            List<String> lines = new ArrayList<>(List.of(
                    "for (;;) {", "    java.sql." + target.name() + " target = " + guard + ";", "    try {"));
            if (returnsVoid() || keep == null) {
                lines.add("        " + (returnsVoid() ? "" : "return ") + call + ";");
            } else {
                lines.add("        " + result() + " result = " + call + ";");
            }
            if (keep != null) {
                lines.add("        " + keep);
            }
            if (returnsVoid()) {
                lines.add("        return;");
            } else if (keep != null) {
                lines.add("        return result;");
            }
            lines.addAll(
                    List.of("    } catch (java.sql.SQLException failure) {", "        " + recover + ";", "    }", "}"));
            return lines;
        }
    }
}
